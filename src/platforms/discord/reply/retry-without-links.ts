import { codes, Refused } from '../api/api-errors.ts';
import { withoutLinks } from './masked-links.ts';

/** A server may forbid links: what is left of the answer is better than none. */
export class LinkFilter {
  #linksTaken = true;

  /**
   * Writes a text, and from the first link that is refused on without links.
   *
   * @param write throws `Refused` for what Discord refuses
   */
  async write(text: string, write: (text: string) => Promise<unknown>): Promise<unknown> {
    try {
      return await write(this.#linksTaken ? text : withoutLinks(text));
    } catch (error) {
      if (!(error instanceof Refused) || error.code !== codes.linkFilter || !this.#linksTaken) {
        throw error;
      }
      this.#linksTaken = false;
      return write(withoutLinks(text));
    }
  }
}

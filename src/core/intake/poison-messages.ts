// Tested by test/contract/store/sqlite.test.ts
import { EventLoopYield } from '../timing.ts';
import type { Log } from '../ports/log.ts';
import type { Store } from '../ports/store.ts';

/** Length, in UTF-16 units, up to which a message is read fast, whatever it contains. */
const longChars = 4_000;
/** Starts that found a note, from which on its message is taken to end the process. */
const mostStarts = 2;
/** Note of a message whose author was told. */
const told = 'told';

export interface PoisonMessageGuardOptions {
  readonly platform: string;
  readonly store: Pick<Store, 'saveReadPositions' | 'readPositions'>;
  readonly log: Log;
}

/**
 * Notes which message is being read: one that froze or ended the process comes again, as the
 * platform delivers it once more, or as it is read again after a start. The second time that its
 * note is found, it is not read any more. Long messages only: a note costs two trips to the store.
 */
export class PoisonMessageGuard {
  readonly #options: PoisonMessageGuardOptions;
  /** Name of the notes among the read positions: like that of a platform. */
  readonly #place: string;
  /** A hundred of them at once leave time for others. */
  readonly #eventLoop = new EventLoopYield();
  #before: Promise<ReadonlyMap<string, string>> | undefined;
  /** Messages that were refused since: they come again, as duplicates, edits and redeliveries. */
  readonly #refused = new Set<string>();

  constructor(options: PoisonMessageGuardOptions) {
    this.#options = options;
    this.#place = `${options.platform}-reading`;
  }

  /**
   * Reads a message, or refuses it. Throws what `read` and `refuse` throw, and `StoreUnavailable`.
   *
   * @param id unique on the platform
   * @param refuse tells its author; called once
   */
  async read(
    { id, chars }: { readonly id: string; readonly chars: number },
    read: () => Promise<void>,
    refuse: () => Promise<void>,
  ): Promise<void> {
    if (chars <= longChars) return read();
    const { platform, log } = this.#options;
    const note = await this.#noteOf(id);
    if (note === told || this.#refused.has(id)) return;
    const starts = note === undefined ? 0 : Number(note) + 1;
    if (starts >= mostStarts) {
      log.warn({ platform, message: id, chars, starts }, 'message not read: it ended the process');
      this.#refused.add(id);
      try {
        await refuse();
        await this.#note(id, told);
      } catch (error) {
        this.#refused.delete(id);
        throw error;
      }
      return;
    }
    await this.#note(id, String(starts));
    try {
      await this.#eventLoop.whenFree();
      await read();
    } finally {
      await this.#note(id, '').catch((error: unknown) => {
        log.warn(
          { err: error, platform, message: id },
          'note of a message that was read not cleared',
        );
      });
    }
  }

  /** The note of an earlier process. */
  async #noteOf(id: string): Promise<string | undefined> {
    this.#before ??= this.#options.store.readPositions(this.#place);
    try {
      return (await this.#before).get(id);
    } catch (error) {
      this.#before = undefined;
      throw error;
    }
  }

  #note(id: string, note: string): Promise<void> {
    return this.#options.store.saveReadPositions(this.#place, new Map([[id, note]]));
  }
}

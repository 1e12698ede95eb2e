import { randomUUID } from 'node:crypto';
import { WebClient } from '../../fakes/web-client.ts';

/** Somebody's conversation on the page. */
export class WebConversation {
  readonly #client: WebClient;
  readonly #id = randomUUID();

  private constructor(client: WebClient) {
    this.#client = client;
  }

  static async open(url: string, password: string): Promise<WebConversation> {
    return new WebConversation(await new WebClient(url).login(password));
  }

  async say(text: string): Promise<void> {
    await this.#client.send(this.#id, text);
  }

  /**
   * What is answered there, oldest first; what is still being written is not. A connection that was
   * closed for strangers is made anew, as browsers do it.
   */
  async replies(): Promise<string[]> {
    const { entries } = await this.#client.look(this.#id).catch(() => this.#client.look(this.#id));
    return entries.filter(({ role }) => role === 'assistant').map(({ text }) => text);
  }
}

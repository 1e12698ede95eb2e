import { listConversations } from './server.js';

/** What earlier versions kept in the browser; the server has it all. */
const formerKey = 'parley.conversations';
/** More are read only when somebody wants to see them. */
const usualLimit = 100;
const mostListed = 10_000;

/**
 * This browser's conversations, latest first: `{ id, title, at }`. The server keeps them; the tabs
 * of the browser tell each other when there is something new to read.
 */
export class Shelf {
  #list = [];
  #more = false;
  #limit = usualLimit;
  #asked = 0;
  /** Looked for in the whole list already. */
  #missed = new Set();
  #channel = new BroadcastChannel('parley.conversations');

  /** `onChange` is called when the list was read; `onGone(id)` when another tab deleted one. */
  constructor({ onChange, onGone }) {
    this.onChange = onChange;
    this.#channel.addEventListener('message', ({ data }) => {
      if (data.gone) onGone(data.gone);
      this.#refreshLater();
    });
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden) this.#refreshLater();
    });
    try {
      localStorage.removeItem(formerKey);
    } catch {
      // A browser that lets nobody look kept nothing there, either.
    }
  }

  get list() {
    return this.#list;
  }

  /** There are more than the list has. */
  get more() {
    return this.#more;
  }

  find(id) {
    return this.#list.find((conversation) => conversation.id === id);
  }

  /** Reads the list; the answer to the latest question counts. Throws `Refused`. */
  async refresh() {
    this.#asked += 1;
    const asked = this.#asked;
    const { conversations, more } = await listConversations({ limit: this.#limit });
    if (asked !== this.#asked) return;
    this.#list = conversations;
    this.#more = more;
    this.onChange();
  }

  async showAll() {
    this.#limit = mostListed;
    await this.refresh();
  }

  /** Reads on until a conversation that is there is in the list, or it is known not to be. */
  include(id) {
    if (this.find(id) || this.#missed.has(id)) return;
    this.#missed.add(id);
    if (this.#more) this.#limit = mostListed;
    this.#refreshLater();
  }

  /** This tab changed something; `gone` is the id of what it deleted. */
  changed(gone) {
    this.#channel.postMessage({ gone });
    this.#refreshLater();
  }

  #refreshLater() {
    // What cannot be read now is read with the next connection: this one is lost then, too.
    this.refresh().catch(() => undefined);
  }
}

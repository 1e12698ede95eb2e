import { listConversations } from './api-client.js';

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
  #stale = false;
  #reading;
  /** Looked for in the whole list already. */
  #missed = new Set();
  #channel = new BroadcastChannel('parley.conversations');

  /** `onChange` is called when the list was read; `onGone(id)` when another tab deleted one. */
  constructor({ onChange, onGone }) {
    this.onChange = onChange;
    this.#channel.addEventListener('message', ({ data }) => {
      if (data.gone) onGone(data.gone);
      void this.#tryToRefresh();
    });
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden) void this.#tryToRefresh();
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

  /** Resolves once the list is as it is now; one question at a time. Throws `Refused`. */
  refresh() {
    this.#stale = true;
    this.#reading ??= this.#read();
    return this.#reading;
  }

  async showAll() {
    this.#limit = mostListed;
    await this.refresh();
  }

  /** Reads on until a conversation that is there is in the list, or it is known not to be. */
  async include(id) {
    if (this.find(id) || this.#missed.has(id)) return;
    this.#missed.add(id);
    try {
      await this.refresh();
      if (this.find(id) || !this.#more) return;
      this.#limit = mostListed;
      await this.refresh();
    } catch {
      // Looked for again when there is something new in it.
      this.#missed.delete(id);
    }
  }

  /** This tab changed something; `gone` is the id of what it deleted. */
  changed(gone) {
    this.#channel.postMessage({ gone });
    void this.#tryToRefresh();
  }

  async #read() {
    try {
      while (this.#stale) {
        this.#stale = false;
        const { conversations, more } = await listConversations({ limit: this.#limit });
        this.#list = conversations;
        this.#more = more;
        this.onChange();
      }
    } finally {
      this.#reading = undefined;
    }
  }

  async #tryToRefresh() {
    // What cannot be read now is read with the next connection: this one is lost then, too.
    await this.refresh().catch(() => undefined);
  }
}

import { listConversations } from './api-client.js';

/** Key of earlier versions, which kept the list in the browser. */
const formerKey = 'parley.conversations';
/** Conversations read at first; the button "more" reads them all. */
const usualLimit = 100;
const mostListed = 10_000;

/**
 * This browser's conversations, latest first: `{ id, title, at }`. The server keeps them; tabs
 * notify each other of changes over a BroadcastChannel.
 */
export class SavedConversations {
  #list = [];
  #more = false;
  #limit = usualLimit;
  #stale = false;
  #reading;
  /** Ids that the whole list was read for already. */
  #searchedFor = new Set();
  #channel = new BroadcastChannel('parley.conversations');

  /** `onChange()`: the list was read; `onGone(id)`: another tab deleted a conversation. */
  constructor({ onChange, onGone }) {
    this.onChange = onChange;
    this.#channel.addEventListener('message', ({ data }) => {
      if (data.gone) onGone(data.gone);
      void this.#refreshQuietly();
    });
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden) void this.#refreshQuietly();
    });
    try {
      localStorage.removeItem(formerKey);
    } catch {
      // A browser without storage has no old list.
    }
  }

  get list() {
    return this.#list;
  }

  /** Whether the server has more than the list. */
  get more() {
    return this.#more;
  }

  find(id) {
    return this.#list.find((conversation) => conversation.id === id);
  }

  /** Reads the list; calls during a reading share it. Throws `ApiError`. */
  refresh() {
    this.#stale = true;
    this.#reading ??= this.#read();
    return this.#reading;
  }

  async showAll() {
    this.#limit = mostListed;
    await this.refresh();
  }

  /** Reads the whole list if a conversation of this browser is not in the first part. */
  async include(id) {
    if (this.find(id) || this.#searchedFor.has(id)) return;
    this.#searchedFor.add(id);
    try {
      await this.refresh();
      if (this.find(id) || !this.#more) return;
      this.#limit = mostListed;
      await this.refresh();
    } catch {
      // The next event in it tries again.
      this.#searchedFor.delete(id);
    }
  }

  /** This tab changed something; `gone` is the id of what it deleted. */
  changed(gone) {
    this.#channel.postMessage({ gone });
    void this.#refreshQuietly();
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

  async #refreshQuietly() {
    // A failure means that the connection is lost, too; the next one reads the list.
    await this.refresh().catch(() => undefined);
  }
}

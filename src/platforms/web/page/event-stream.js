/** The server says something every 15 s; after this long a silent connection is dead. */
const silenceMs = 40_000;
const firstRetryMs = 500;
const slowestRetryMs = 5_000;
/**
 * A page that nobody looks at lets go of its connection after this long: browsers hold only six
 * to one server, and the seventh page would wait for ever.
 */
const hiddenMs = 20_000;

/**
 * Follows one conversation live, and comes back by itself after whatever cut it off.
 *
 * `on.state(data)` and `on.page(data)` get the events, `on.live(boolean)` whether it is connected;
 * `on.before()` resolves to whether a new try is of use.
 */
export class Connection {
  #conversation;
  #on;
  #source;
  #timer;
  #watchdog;
  #failures = 0;

  constructor(on) {
    this.#on = on;
    document.addEventListener('visibilitychange', () => this.#visibility());
  }

  follow(conversation) {
    this.#conversation = conversation;
    this.#failures = 0;
    this.#open();
    // A tab may be opened in the background: nothing tells later that it is hidden.
    if (document.hidden) this.#visibility();
  }

  #open() {
    this.#close();
    const source = new EventSource(`/api/conversations/${this.#conversation}/events`);
    this.#source = source;
    source.addEventListener('state', (event) => {
      this.#failures = 0;
      this.#on.live(true);
      this.#heard();
      this.#on.state(JSON.parse(event.data));
    });
    source.addEventListener('page', (event) => {
      this.#heard();
      this.#on.page(JSON.parse(event.data));
    });
    source.addEventListener('beat', () => this.#heard());
    source.addEventListener('error', () => this.#lost());
    this.#heard();
  }

  #heard() {
    clearTimeout(this.#watchdog);
    this.#watchdog = setTimeout(() => this.#lost(), silenceMs);
  }

  /** The browser's own retrying gives up at the first answer that is not a stream. */
  #lost() {
    this.#close();
    this.#on.live(false);
    const waitMs = Math.min(slowestRetryMs, firstRetryMs * 2 ** this.#failures);
    this.#failures += 1;
    this.#timer = setTimeout(() => this.#retry(), waitMs);
  }

  async #retry() {
    const timer = this.#timer;
    const ready = await this.#on.before();
    // Meanwhile another conversation may have been opened, or the page hidden.
    if (this.#timer !== timer || this.#source !== undefined || document.hidden) return;
    if (ready) this.#open();
    else this.#lost();
  }

  #close() {
    clearTimeout(this.#timer);
    clearTimeout(this.#watchdog);
    this.#source?.close();
    this.#source = undefined;
  }

  #visibility() {
    if (this.#conversation === undefined) return;
    if (document.hidden) {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#close(), hiddenMs);
    } else if (this.#source === undefined) {
      this.#open();
    } else {
      clearTimeout(this.#timer);
    }
  }
}

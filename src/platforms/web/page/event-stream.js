/** Silence after which a connection counts as dead, in ms; the server sends an event every 15 s. */
const silenceMs = 40_000;
const firstRetryMs = 500;
const slowestRetryMs = 5_000;
/**
 * Time after which a hidden page closes its connection, in ms: browsers open at most six to one
 * server over HTTP/1.1, and a seventh page would wait for ever.
 */
const hiddenCloseMs = 20_000;

/**
 * The events of one conversation, with reconnection.
 *
 * `on.state(data)` and `on.page(data)` get the events, `on.connected(boolean)` the state of the
 * connection; `on.beforeRetry()` resolves to whether a new connection is worth a try.
 */
export class EventStream {
  #conversation;
  #on;
  #source;
  #timer;
  #watchdog;
  #failures = 0;

  constructor(on) {
    this.#on = on;
    document.addEventListener('visibilitychange', () => this.#onVisibility());
  }

  follow(conversation) {
    this.#conversation = conversation;
    this.#failures = 0;
    this.#open();
    // A tab opened in the background gets no visibilitychange event.
    if (document.hidden) this.#onVisibility();
  }

  #open() {
    this.#close();
    const source = new EventSource(`/api/conversations/${this.#conversation}/events`);
    this.#source = source;
    source.addEventListener('state', (event) => {
      this.#failures = 0;
      this.#on.connected(true);
      this.#resetWatchdog();
      this.#on.state(JSON.parse(event.data));
    });
    source.addEventListener('page', (event) => {
      this.#resetWatchdog();
      this.#on.page(JSON.parse(event.data));
    });
    source.addEventListener('beat', () => this.#resetWatchdog());
    source.addEventListener('error', () => this.#onLost());
    this.#resetWatchdog();
  }

  #resetWatchdog() {
    clearTimeout(this.#watchdog);
    this.#watchdog = setTimeout(() => this.#onLost(), silenceMs);
  }

  /** Retries here: the browser's own retries end at the first answer that is not a stream. */
  #onLost() {
    this.#close();
    this.#on.connected(false);
    const waitMs = Math.min(slowestRetryMs, firstRetryMs * 2 ** this.#failures);
    this.#failures += 1;
    this.#timer = setTimeout(() => this.#retry(), waitMs);
  }

  async #retry() {
    const timer = this.#timer;
    const ready = await this.#on.beforeRetry();
    // Meanwhile another conversation may have been opened, or the page hidden.
    if (this.#timer !== timer || this.#source !== undefined || document.hidden) return;
    if (ready) this.#open();
    else this.#onLost();
  }

  #close() {
    clearTimeout(this.#timer);
    clearTimeout(this.#watchdog);
    this.#source?.close();
    this.#source = undefined;
  }

  #onVisibility() {
    if (this.#conversation === undefined) return;
    if (document.hidden) {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#close(), hiddenCloseMs);
    } else if (this.#source === undefined) {
      this.#open();
    } else {
      clearTimeout(this.#timer);
    }
  }
}

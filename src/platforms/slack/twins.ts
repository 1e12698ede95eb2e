/** How long a mention waits for its twin, which comes a few milliseconds earlier or later. */
const holdMs = 300;
/** How long a message's twin is expected at most; each is remembered for so long. */
const rememberMs = 10_000;

/**
 * A mention arrives as two events, `app_mention` and `message`, in either order. They are taken
 * in as one, by the second: it alone tells of files. Where only mentions arrive, they do alone.
 */
export class Twins {
  readonly #messages = new Map<string, Promise<void>>();
  readonly #holds = new Map<string, (message: Promise<void>) => void>();

  /** @param key the message's channel and id */
  message(key: string, work: () => Promise<void>): Promise<void> {
    const done = work();
    this.#messages.set(key, done);
    this.#holds.get(key)?.(done);
    setTimeout(() => this.#messages.delete(key), rememberMs).unref();
    return done;
  }

  mention(key: string, work: () => Promise<void>): Promise<void> {
    const message = this.#messages.get(key);
    if (message !== undefined) return message;
    return new Promise<void>((resolve) => {
      const settle = (result: Promise<void>): void => {
        clearTimeout(timer);
        this.#holds.delete(key);
        resolve(result);
      };
      const timer = setTimeout(() => settle(work()), holdMs);
      this.#holds.set(key, settle);
    });
  }
}

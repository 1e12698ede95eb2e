/** How long a mention waits for its twin where none is known to come. */
const holdMs = 300;
/**
 * And where twins come: nearly always within milliseconds, but a late one may bring a file. Slack
 * wants an event acknowledged within 3 s, and after this the mention is still to be stored.
 */
const longHoldMs = 2_000;
/** How long a message's twin is expected at most; each is remembered for so long. */
const rememberMs = 10_000;

interface HeldMention {
  /** Settles when the mention is taken in, by whichever event. */
  readonly taken: Promise<void>;
  readonly release: (message: Promise<void>) => void;
}

/**
 * A mention arrives as two events, `app_mention` and `message`, in either order. They are taken
 * in as one, by the second: it alone tells of files. Where only mentions arrive, they do alone.
 */
export class MentionDeduplicator {
  readonly #messages = new Map<string, Promise<void>>();
  readonly #held = new Map<string, HeldMention>();
  /** Each takes in a mention without its twin. */
  readonly #waiting = new Set<() => void>();
  /** Whether the app gets the messages of channels, as far as is known: till then it is hoped. */
  #come: boolean | undefined;
  /** Channels whose last mention had no twin, or a very late one: nobody waits long there again. */
  readonly #alone = new Set<string>();

  /** @param key the message's channel and id, with a space between them */
  message(key: string, work: () => Promise<void>): Promise<void> {
    this.#come = true;
    this.#alone.delete(channelOf(key));
    const done = work();
    this.#messages.set(key, done);
    this.#held.get(key)?.release(done);
    setTimeout(() => this.#messages.delete(key), rememberMs).unref();
    return done;
  }

  /** No twin is waited for any more. */
  flush(): void {
    for (const giveUp of this.#waiting) giveUp();
  }

  mention(key: string, work: () => Promise<void>): Promise<void> {
    // Slack delivers it again when its storing takes long.
    const known = this.#messages.get(key) ?? this.#held.get(key)?.taken;
    if (known !== undefined) return known;
    const { promise, resolve } = Promise.withResolvers<void>();
    const channel = channelOf(key);
    const patient = this.#come !== false && !this.#alone.has(channel);
    const timer = setTimeout(
      () => {
        this.#alone.add(channel);
        this.#come ??= false;
        giveUp();
      },
      patient ? longHoldMs : holdMs,
    );
    const release = (how: () => Promise<void>): void => {
      clearTimeout(timer);
      this.#waiting.delete(giveUp);
      resolve(how());
    };
    const giveUp = (): void => release(work);
    this.#waiting.add(giveUp);
    const taken = promise.finally(() => this.#held.delete(key));
    this.#held.set(key, { taken, release: (message) => release(() => message) });
    return taken;
  }
}

function channelOf(key: string): string {
  return key.slice(0, key.indexOf(' '));
}

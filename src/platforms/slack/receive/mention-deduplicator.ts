/** Time that an `app_mention` waits for its `message` event where none is known to come, in ms. */
const holdMs = 300;
/**
 * The same where `message` events come, in ms: nearly always within milliseconds, but a late one may
 * bring a file. Slack wants an event acknowledged within 3 s, which includes storing the mention.
 */
const longHoldMs = 2_000;
/** Time for which a `message` event is remembered for its `app_mention`, in ms. */
const rememberMs = 10_000;

interface HeldMention {
  /** Settles when the mention is handled, by either event. */
  readonly handled: Promise<void>;
  readonly release: (message: Promise<void>) => void;
}

/**
 * Makes one of the two events of a mention, `app_mention` and `message`, which come in either order.
 * The `message` event is handled, as it alone has files; where none comes, the other one is.
 */
export class MentionDeduplicator {
  readonly #messages = new Map<string, Promise<void>>();
  readonly #held = new Map<string, HeldMention>();
  /** Each handles a mention without its `message` event. */
  readonly #waiting = new Set<() => void>();
  /** Whether the app gets the messages of channels; undefined while that is not known. */
  #messagesCome: boolean | undefined;
  /** Channels whose last mention had no `message` event in time: the next one waits briefly. */
  readonly #unpaired = new Set<string>();

  /** @param key the message's channel and id, with a space between them */
  message(key: string, work: () => Promise<void>): Promise<void> {
    this.#messagesCome = true;
    this.#unpaired.delete(channelOf(key));
    const done = work();
    this.#messages.set(key, done);
    this.#held.get(key)?.release(done);
    setTimeout(() => this.#messages.delete(key), rememberMs).unref();
    return done;
  }

  /** Mentions that wait are handled now. */
  flush(): void {
    for (const giveUp of this.#waiting) giveUp();
  }

  mention(key: string, work: () => Promise<void>): Promise<void> {
    // Slack delivers it again when its storing takes long.
    const known = this.#messages.get(key) ?? this.#held.get(key)?.handled;
    if (known !== undefined) return known;
    const { promise, resolve } = Promise.withResolvers<void>();
    const channel = channelOf(key);
    const patient = this.#messagesCome !== false && !this.#unpaired.has(channel);
    const timer = setTimeout(
      () => {
        this.#unpaired.add(channel);
        this.#messagesCome ??= false;
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
    const handled = promise.finally(() => this.#held.delete(key));
    this.#held.set(key, { handled, release: (message) => release(() => message) });
    return handled;
  }
}

function channelOf(key: string): string {
  return key.slice(0, key.indexOf(' '));
}

/** A post's answer is waited for, and asked after, for far less time than this, in milliseconds. */
const rememberMs = 10 * 60_000;

/**
 * Posts of the bot's own that events told of, by the key that they carry: one whose answer was lost
 * need not be looked for in Slack, which allows that 50 times a minute.
 */
export class Heard {
  /** By channel and key; the one that was heard of first stands first. */
  readonly #posts = new Map<string, { readonly ts: string; readonly at: number }>();

  note(channel: string, key: string, ts: string): void {
    const id = `${channel} ${key}`;
    const at = performance.now();
    for (const [old, post] of this.#posts) {
      if (post.at > at - rememberMs) break;
      this.#posts.delete(old);
    }
    // The first one stands: of a second one it is known that it is one too many.
    if (!this.#posts.has(id)) this.#posts.set(id, { ts, at });
  }

  /** The `ts` of the post with this key, if an event told of it. */
  of(channel: string, key: string): string | undefined {
    return this.#posts.get(`${channel} ${key}`)?.ts;
  }

  /** A person deleted it. */
  forget(channel: string, ts: string): void {
    for (const [id, post] of this.#posts) {
      if (post.ts === ts && id.startsWith(`${channel} `)) this.#posts.delete(id);
    }
  }
}

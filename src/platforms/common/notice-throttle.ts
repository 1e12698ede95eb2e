// Tested by test/contract/platform/slack.test.ts
import { LRUCache } from 'lru-cache';

/** Minimum time between two notices with the same text to one person in one channel, in ms. */
const repeatMs = 60_000;
/** Notices that are remembered; beyond this many the oldest is forgotten. */
const maxRemembered = 10_000;

/** Keeps somebody who asks far too much from being told the same again and again. */
export class NoticeThrottle {
  readonly #sent = new LRUCache<string, true>({
    max: maxRemembered,
    ttl: repeatMs,
    perf: performance,
  });

  /** Whether the notice may be sent now; it then counts as sent. */
  allows(person: string, channel: string, text: string): boolean {
    const key = `${person} ${channel} ${text}`;
    if (this.#sent.has(key)) return false;
    this.#sent.set(key, true);
    return true;
  }
}

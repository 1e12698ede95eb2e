import { waitUnlessAborted } from '../../../core/timing.ts';
import type { BackgroundCalls } from '../../common/platform-calls.ts';
import type { LostPostFinder } from './lost-posts.ts';

/** Time for which a post may still appear whose response was lost, in ms. */
const mayComeMs = 5 * 60_000;
/**
 * Times after a post was made again at which the first one is looked for, in ms, besides at the end
 * of the reply. Events report it at once, but perhaps to another instance, or not at all.
 */
const lookAfterMs = [10_000, 30_000];

/** A page that may have been posted more than once. */
interface Page {
  /** Of the reply that it belongs to. */
  readonly lostPosts: LostPostFinder;
  readonly since: number;
  /** How many posts may be on their way yet. */
  missing: number;
  /** The message in which the page is written; undefined while that is not known. */
  ts: string | undefined;
  /** All messages with its key that events reported. */
  readonly reported: Set<string>;
  readonly removed: Set<string>;
}

/**
 * Removes pages that are posted twice, because Slack applied a post after it was given up for lost
 * and made again. Only the process that writes a page knows which message is the right one, so no
 * other removes any.
 */
export class DuplicatePosts {
  readonly #backgroundCalls: BackgroundCalls;
  readonly #ending: AbortSignal;
  /** By page key; oldest first. */
  readonly #pages = new Map<string, Page>();

  /** @param ending aborts when the service ends: nothing is waited for any more */
  constructor(backgroundCalls: BackgroundCalls, ending: AbortSignal) {
    this.#backgroundCalls = backgroundCalls;
    this.#ending = ending;
  }

  /** A post of this page is not to be found, and is made again. */
  postRetried(key: string, lostPosts: LostPostFinder): void {
    const { missing = 0 } = this.#pages.get(key) ?? {};
    this.#note(key, { lostPosts, missing: missing + 1, ts: undefined });
  }

  /** An earlier attempt wrote the page in this message, and may have posted it before. */
  recover(key: string, ts: string, lostPosts: LostPostFinder): void {
    const { missing = 0 } = this.#pages.get(key) ?? {};
    this.#note(key, { lostPosts, missing, ts });
  }

  /** The page is written in this message; undefined: in none any more. */
  resolved(key: string, ts: string | undefined): void {
    const page = this.#pages.get(key);
    if (page === undefined) return;
    page.ts = ts;
    for (const reported of page.reported) this.#removeIfDuplicate(page, reported);
  }

  /** An event reports a message of the bot's own with this key. */
  seen(key: string, channel: string, ts: string): void {
    this.#forget();
    const page = this.#pages.get(key);
    if (page?.lostPosts.channel !== channel) return;
    page.reported.add(ts);
    this.#removeIfDuplicate(page, ts);
  }

  /** Another process may write the reply by now, in any message: nothing of it is removed here. */
  abandon(lostPosts: LostPostFinder): void {
    for (const page of this.#pages.values()) if (page.lostPosts === lostPosts) page.ts = undefined;
  }

  /** The reply is over. */
  close(lostPosts: LostPostFinder): void {
    const ours = [...this.#pages].filter(([, page]) => page.lostPosts === lostPosts);
    const open = ours.filter(([, { missing }]) => missing > 0);
    if (open.length === 0) return;
    const now = performance.now();
    const madeAt = Math.max(...open.map(([, { since }]) => since));
    const lookAt = [now, ...lookAfterMs.map((ms) => madeAt + ms).filter((at) => at > now)];
    this.#backgroundCalls.run('look for late posts', async (signal) => {
      for (let [at] = lookAt; at !== undefined; [at] = lookAt) {
        const waitMs = at - performance.now();
        if (waitMs > 0 && !(await waitUnlessAborted(waitMs, this.#ending))) return;
        if (open.every(([, { missing }]) => missing <= 0)) return;
        const posts = await lostPosts.posts(signal);
        lookAt.shift();
        for (const [key, page] of open) {
          for (const ts of posts.get(key) ?? []) this.#removeIfDuplicate(page, ts);
        }
      }
    });
  }

  #removeIfDuplicate(page: Page, ts: string): void {
    if (page.ts === undefined || page.ts === ts || page.removed.has(ts)) return;
    page.removed.add(ts);
    page.missing -= 1;
    this.#backgroundCalls.run('remove a late post', (signal) =>
      page.lostPosts.removePost(ts, signal),
    );
  }

  #note(key: string, changed: Pick<Page, 'lostPosts' | 'missing' | 'ts'>): void {
    this.#forget();
    const { reported = new Set<string>(), removed = new Set<string>() } =
      this.#pages.get(key) ?? {};
    this.#pages.delete(key);
    this.#pages.set(key, { ...changed, since: performance.now(), reported, removed });
  }

  #forget(): void {
    const before = performance.now() - mayComeMs;
    for (const [key, { since }] of this.#pages) {
      if (since > before) return;
      this.#pages.delete(key);
    }
  }
}

import { wait, withDeadline } from '../../../core/timing.ts';
import type { Log } from '../../../core/ports/log.ts';
import type { WorkingMark, WorkingState } from '../../../core/ports/surface.ts';
import { callTimeoutMs, type SlackApi } from '../api/web-api.ts';
import type { BackgroundCalls } from '../../common/platform-calls.ts';
import { RateLimited } from '../../../core/domain/errors.ts';
import { SlackApiError } from '../api/api-errors.ts';
import { RequestThrottle } from '../../common/throttles.ts';

/** Slack clears a status after two minutes. */
const renewMs = 100_000;
/** How often Slack takes a new status is not known; people need no more. */
const editFloorMs = 3_000;

/** What is said of the method or the kind of place; all else may be wrong with one place alone. */
const refusesKind = new Set([
  'channel_type_not_supported',
  'feature_not_enabled',
  'method_deprecated',
  'method_not_supported_for_channel_type',
  'missing_scope',
  'not_allowed_token_type',
  'unknown_method',
]);

/** The kinds of places where Slack takes no status, so that it is not asked again. */
export class StatusSupport {
  readonly #refused = new Set<string>();
  readonly gate = new RequestThrottle({
    key: 'assistant.threads.setStatus',
    burst: 30,
    perSecond: 2,
  });

  works(kind: string): boolean {
    return !this.#refused.has(kind);
  }

  refuse(kind: string): void {
    this.#refused.add(kind);
  }
}

/** "is thinking…" below a thread, until the first text is posted: Slack clears it then. */
export class AssistantStatus implements WorkingMark {
  readonly renewMs = renewMs;
  readonly tellsWaiting = true;
  /** Slack takes no status here. */
  onRefused: () => void = () => undefined;
  readonly #api: SlackApi;
  readonly #statuses: StatusSupport;
  readonly #log: Log;
  readonly #kind: string;
  readonly #thread: { readonly channel_id: string; readonly thread_ts: string };
  readonly #clearedByPost: boolean;
  readonly #backgroundCalls: BackgroundCalls;
  #shownAt = Number.NEGATIVE_INFINITY;
  #calls = 0;
  /** Settles once no call is on its way. */
  #arrived: Promise<unknown> = Promise.resolve();
  /** One may stand there, perhaps of an earlier try at the turn that ended suddenly. */
  #mayBeShown: boolean;

  /**
   * @param options.kind of place: what Slack refuses in one, it refuses in all of its kind
   * @param options.clearedByPost replies are posted in the same thread
   */
  constructor(options: {
    api: SlackApi;
    statuses: StatusSupport;
    log: Log;
    kind: string;
    channel: string;
    threadTs: string;
    clearedByPost: boolean;
    backgroundCalls: BackgroundCalls;
  }) {
    this.#api = options.api;
    this.#statuses = options.statuses;
    this.#log = options.log;
    this.#kind = options.kind;
    this.#clearedByPost = options.clearedByPost;
    this.#backgroundCalls = options.backgroundCalls;
    this.#mayBeShown = !options.clearedByPost;
    this.#thread = { channel_id: options.channel, thread_ts: options.threadTs };
  }

  get isSupported(): boolean {
    return this.#statuses.works(this.#kind);
  }

  async show(state: WorkingState, signal: AbortSignal): Promise<void> {
    await wait(Math.max(0, this.#shownAt + editFloorMs - performance.now()), signal);
    await this.#statuses.gate.acquire(signal);
    this.#shownAt = performance.now();
    // The call goes on when nobody waits for it any more: `clear` must know when it has arrived.
    await withDeadline(callTimeoutMs, signal, () =>
      this.#set(statusText(state)).catch((error: unknown) => {
        if (!signal.aborted) throw error;
        this.#log.debug({ err: error }, 'status not shown');
      }),
    );
  }

  /** A reply's message was posted: Slack has cleared the status, or else it is cleared now. */
  posted(): void {
    // One that is on its way may arrive behind the post.
    if (this.#clearedByPost && this.#calls === 0) this.#mayBeShown = false;
    else this.clear();
  }

  /** Leaves no status behind. */
  clear(): void {
    if (!this.#mayBeShown || !this.isSupported) return;
    this.#backgroundCalls.run('clear status', (signal) =>
      withDeadline(2 * callTimeoutMs, signal, async (end) => {
        await this.#arrived;
        end.throwIfAborted();
        if (this.#mayBeShown) await this.#set('', end);
      }),
    );
  }

  /** Without a signal it goes on when nobody waits for it any more. */
  #set(status: string, signal = new AbortController().signal): Promise<void> {
    this.#calls += 1;
    this.#mayBeShown = status !== '';
    const set = this.#call(status, signal).finally(() => {
      this.#calls -= 1;
    });
    this.#arrived = Promise.allSettled([set]);
    return set;
  }

  async #call(status: string, signal: AbortSignal): Promise<void> {
    try {
      await this.#api.call('assistant.threads.setStatus', { ...this.#thread, status }, signal);
    } catch (error) {
      // The others would be refused, too, and be asked to wait longer.
      if (error instanceof RateLimited) this.#statuses.gate.blockFor(error.retryAfterMs);
      // Where Slack refuses one there is none to clear; one that was to be cleared may still stand.
      if (error instanceof SlackApiError) this.#mayBeShown = false;
      else if (status === '') this.#mayBeShown = true;
      if (error instanceof SlackApiError && refusesKind.has(error.code)) {
        this.#statuses.refuse(this.#kind);
        this.onRefused();
        this.#log.info({ kind: this.#kind, error: error.code }, 'no status in such places');
      }
      throw error;
    }
  }
}

function statusText(state: WorkingState): string {
  if (state.phase === 'thinking') return 'is thinking…';
  if (state.ahead === 0) return 'is waiting: you are next…';
  const questions = state.ahead === 1 ? '1 question' : `${state.ahead} questions`;
  return `is waiting: ${questions} before yours…`;
}

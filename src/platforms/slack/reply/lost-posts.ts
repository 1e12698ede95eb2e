import type { BackgroundCalls } from '../../common/platform-calls.ts';
import { asRecord, asText, type JsonRecord } from '../../../core/foreign-data.ts';
import type { SlackApi } from '../api/web-api.ts';
import { SlackApiError } from '../api/api-errors.ts';
import { pageKeyOf } from './posted-messages.ts';
import type { SlackLocation } from '../messages/conversation-location.ts';
import type { BotIdentity } from '../api/identify-bot.ts';
import type { ThreadReader } from '../history/thread-context.ts';
import type { StoredConversation } from '../../../core/ports/store.ts';

export interface LostPostFinderOptions {
  readonly api: Pick<SlackApi, 'call'>;
  readonly threads: Pick<ThreadReader, 'find'>;
  readonly backgroundCalls: BackgroundCalls;
  readonly location: SlackLocation;
  /** The `ts` of the newest question. */
  readonly newest: string;
  readonly bot: () => BotIdentity | undefined;
  /** Whether a reply of this process, this one or another, is known to stand in it. */
  readonly isKnown: (ts: string) => boolean;
  /** What followed in the conversation once the reply's turn was over. */
  readonly followingTurns: () => Promise<FollowingTurns>;
}

/** What the bot wrote behind the question. */
interface BotMessages {
  /** The `ts` of the posts that carry a key, by key, oldest first. */
  readonly posts: ReadonlyMap<string, readonly string[]>;
  /**
   * The `ts` of streams that were begun and whose answer was lost, oldest first: they carry no key,
   * so each message of the bot's own that no reply is known to have written is taken for one. All others are marked,
   * but for a stream that another reply has begun and not ended yet.
   */
  readonly streams: readonly string[];
}

/** A message of the reply whose answer was lost. */
interface LostPost {
  readonly ts: string;
  /** It was begun as a stream, and may be one still. */
  readonly isStream: boolean;
}

/** Messages of a reply whose answers were lost. */
export class LostPostFinder {
  readonly #options: LostPostFinderOptions;

  constructor(options: LostPostFinderOptions) {
    this.#options = options;
  }

  get channel(): string {
    return this.#options.location.channel;
  }

  /**
   * The message of the page with this key, if it is there. The others that it might have been are
   * removed. Only while the turn is ours: all that the bot writes behind its question is the reply.
   */
  async find(key: string, signal: AbortSignal): Promise<LostPost | undefined> {
    const { backgroundCalls } = this.#options;
    const { posts, streams } = await this.#look(signal);
    const [post, ...late] = posts.get(key) ?? [];
    const begun = post === undefined ? streams[0] : undefined;
    for (const ts of late) {
      backgroundCalls.run('remove a late post', (end) => this.removePost(ts, end));
    }
    for (const ts of streams.filter((one) => one !== begun)) {
      backgroundCalls.run('remove a lost stream', (end) => this.#removeStream(ts, end));
    }
    const ts = post ?? begun;
    return ts === undefined ? undefined : { ts, isStream: begun !== undefined };
  }

  /** The posts that there are now, by key. */
  async posts(signal: AbortSignal): Promise<BotMessages['posts']> {
    return (await this.#look(signal)).posts;
  }

  /** The reply is over: removes all of its streams that there are now, and no later reply's. */
  async removeStreams(signal: AbortSignal): Promise<void> {
    const { streams } = await this.#look(signal);
    if (streams.length === 0) return;
    // Not before the look: a later reply that it saw must have been stored by then.
    const { next, pages } = await this.#options.followingTurns();
    for (const ts of streams) {
      if (pages.has(ts) || (next !== undefined && ts > next)) continue;
      await this.#removeStream(ts, signal);
    }
  }

  async removePost(ts: string, signal: AbortSignal): Promise<void> {
    await this.#call('chat.delete', ts, signal);
  }

  async #look(signal: AbortSignal): Promise<BotMessages> {
    const { threads, location, newest, bot, isKnown } = this.#options;
    const posts = new Map<string, string[]>();
    const streams: string[] = [];
    const note = (message: JsonRecord): false => {
      const ts = asText(message['ts']);
      if (ts === undefined || ts <= newest || message['user'] !== bot()?.userId) return false;
      const key = pageKeyOf(message);
      const marked = asRecord(message['metadata'])['event_type'] !== undefined;
      if (key !== undefined) posts.set(key, [...(posts.get(key) ?? []), ts].sort());
      else if (!marked && !isKnown(ts)) streams.push(ts);
      return false;
    };
    await threads.find(location, newest, note, signal);
    return { posts, streams: streams.sort() };
  }

  async #removeStream(ts: string, signal: AbortSignal): Promise<void> {
    const { isKnown } = this.#options;
    // Another reply may have gone on in it meanwhile.
    if (!isKnown(ts)) await this.#call('chat.stopStream', ts, signal);
    if (!isKnown(ts)) await this.removePost(ts, signal);
  }

  async #call(method: string, ts: string, signal: AbortSignal): Promise<void> {
    try {
      await this.#options.api.call(method, { channel: this.channel, ts }, signal);
    } catch (error) {
      // It is stopped, or gone, already.
      if (!(error instanceof SlackApiError)) throw error;
    }
  }
}

/** What followed a turn in its conversation, whichever instance wrote it. */
export interface FollowingTurns {
  /** The `ts` of the question that the next reply is posted behind; absent where there is none. */
  readonly next?: string;
  /** The `ts` of the messages that a running reply is known to stand in. */
  readonly pages: ReadonlySet<string>;
}

/** @param newest the `ts` of the turn's own newest question */
export function followingTurns(
  { history, running }: Pick<StoredConversation, 'history' | 'running'>,
  turn: string,
  newest: string,
): FollowingTurns {
  const answered = history.flatMap(({ role, turn, id }) =>
    role === 'user' && turn !== undefined && id > newest ? [{ turn, id }] : [],
  );
  const asked = (running?.messages ?? []).map(({ id }) => ({ turn: running?.id, id }));
  const later = [...answered, ...asked].filter((question) => question.turn !== turn);
  // A reply is posted behind all questions that it answers.
  const last = [...Map.groupBy(later, (question) => question.turn).values()].map((questions) =>
    questions.map(({ id }) => id).reduce((one, other) => (one > other ? one : other)),
  );
  const [next] = last.toSorted();
  const pages = new Set(running?.pages.flatMap(({ id }) => (id === undefined ? [] : [id])));
  return { pages, ...(next === undefined ? {} : { next }) };
}

import type { ConversationId } from '../../../core/domain/conversation.ts';
import type { Log } from '../../../core/ports/log.ts';
import { backoffMs, retryWhileStoreIsDown, wait } from '../../../core/timing.ts';
import { CallFailed } from '../../../core/domain/errors.ts';
import type { Store } from '../../../core/ports/store.ts';
import type { SlackApi } from '../api/web-api.ts';
import { SlackApiError } from '../api/api-errors.ts';
import { type JsonRecord, asRecord, asList, asText } from '../../../core/foreign-data.ts';
import { RequestThrottle } from '../../common/request-throttle.ts';
import type { EventHandler } from '../receive/event-handler.ts';
import { conversationOf, isDirect, locationOf } from '../messages/conversation-location.ts';
import { parseMessage } from '../messages/slack-message.ts';
import type { BotIdentity } from '../api/identify-bot.ts';
import type { ThreadReader } from './thread-reader.ts';

/** Half of what Slack allows: people who ask meanwhile need the rest. */
const pace = { burst: 20, perSecond: 0.4 };

/** Channels and threads that were active within this time are read, in milliseconds. */
const horizonMs = 24 * 60 * 60_000;

const firstRetryMs = 1_000;
const slowestRetryMs = 60_000;

/** Reads again what was written while nobody heard, and hands in what may have been missed. */
export class CatchUp {
  readonly #api: SlackApi;
  readonly #threads: ThreadReader;
  readonly #self: BotIdentity;
  readonly #listener: EventHandler;
  readonly #store: Pick<Store, 'recentlyActive'>;
  readonly #log: Log;
  readonly #gate = new RequestThrottle({ key: 'reading again', ...pace });

  constructor(options: {
    api: SlackApi;
    threads: ThreadReader;
    self: BotIdentity;
    listener: EventHandler;
    store: Pick<Store, 'recentlyActive'>;
    log: Log;
  }) {
    this.#api = options.api;
    this.#threads = options.threads;
    this.#self = options.self;
    this.#listener = options.listener;
    this.#store = options.store;
    this.#log = options.log;
  }

  /**
   * Hands in what was said since then, in milliseconds since the epoch, in the bot's channels, in
   * the threads that began there within the last day, and in older ones in which somebody asked
   * something within it. Tries again for a day while Slack gives no answer. Never throws but for
   * the signal's reason: what Slack refuses is left out.
   */
  async run(sinceMs: number, signal: AbortSignal): Promise<void> {
    const triesEnd = Date.now() + horizonMs;
    for (let tries = 1; !(await this.#readAll(sinceMs, signal)); tries += 1) {
      if (Date.now() > triesEnd) return;
      await wait(backoffMs(tries, firstRetryMs, slowestRetryMs), signal);
    }
  }

  /** False if it is worth another try. */
  async #readAll(sinceMs: number, signal: AbortSignal): Promise<boolean> {
    const oldest = tsOf(sinceMs);
    try {
      let heard = 0;
      const channels = await this.#channels(signal);
      const done = new Set<ConversationId>();
      for (const channel of channels) heard += await this.#read(channel, oldest, done, signal);
      heard += await this.#readOlderThreads(oldest, done, signal);
      this.#log.info({ channels: channels.length, messages: heard, sinceMs }, 'slack read again');
      return true;
    } catch (error) {
      signal.throwIfAborted();
      this.#log.warn({ err: error }, 'what was missed in Slack is not known');
      return !(error instanceof CallFailed);
    }
  }

  /** The bot's channels; direct conversations first, where everything is a question. */
  async #channels(signal: AbortSignal): Promise<string[]> {
    const ids: string[] = [];
    let cursor: string | undefined;
    do {
      const answer = await this.#api.read(
        'users.conversations',
        {
          types: 'public_channel,private_channel,mpim,im',
          exclude_archived: true,
          limit: 200,
          ...(cursor === undefined ? {} : { cursor }),
        },
        this.#gate,
        signal,
      );
      ids.push(...asList(answer['channels']).map((one) => asText(asRecord(one)['id']) ?? ''));
      cursor = asText(asRecord(answer['response_metadata'])['next_cursor']);
    } while (cursor !== undefined);
    return ids.filter((id) => id !== '').sort((a, b) => Number(isDirect(b)) - Number(isDirect(a)));
  }

  async #read(
    channel: string,
    oldest: string,
    done: Set<ConversationId>,
    signal: AbortSignal,
  ): Promise<number> {
    try {
      await this.#gate.acquire(signal);
      const horizon = tsOf(Date.now() - horizonMs);
      const from = oldest < horizon ? oldest : horizon;
      const messages = (await this.#threads.history(channel, from, signal)).toReversed();
      let heard = await this.#hear(channel, messages, oldest, signal);
      for (const message of messages) {
        const [root, latest] = [asText(message['ts']), asText(message['latest_reply'])];
        if (root === undefined || latest === undefined || latest < oldest) continue;
        done.add(conversationOf(this.#self.team, { channel, ts: root, threadTs: root }));
        heard += await this.#readThread(channel, root, oldest, signal);
      }
      return heard;
    } catch (error) {
      if (!(error instanceof SlackApiError)) throw error;
      this.#log.warn({ err: error, channel }, 'channel not read again');
      return 0;
    }
  }

  /** A channel's history shows a thread only by its first message, which may be long ago. */
  async #readOlderThreads(
    oldest: string,
    done: ReadonlySet<ConversationId>,
    signal: AbortSignal,
  ): Promise<number> {
    let heard = 0;
    for (const conversation of await this.#store.recentlyActive('slack', Date.now() - horizonMs)) {
      const { team, channel, root } = locationOf(conversation);
      if (root === undefined || team !== this.#self.team || done.has(conversation)) continue;
      try {
        heard += await this.#readThread(channel, root, oldest, signal);
      } catch (error) {
        if (!(error instanceof SlackApiError)) throw error;
        this.#log.warn({ err: error, conversation }, 'thread not read again');
      }
    }
    return heard;
  }

  async #readThread(
    channel: string,
    root: string,
    oldest: string,
    signal: AbortSignal,
  ): Promise<number> {
    await this.#gate.acquire(signal);
    const replies = await this.#threads.replies({ channel, root }, signal, { oldest });
    const said = replies.filter(({ ts }) => ts !== root);
    return this.#hear(channel, said, oldest, signal);
  }

  /** Hands them in, oldest first; those that were heard before are known as such. */
  async #hear(
    channel: string,
    messages: readonly JsonRecord[],
    oldest: string,
    signal: AbortSignal,
  ): Promise<number> {
    const lastOwn = messages.findLastIndex((message) => this.#isOwn(message));
    let heard = 0;
    for (const [at, message] of messages.entries()) {
      const said = parseMessage(message, { channel });
      if (said === undefined || said.ts < oldest) continue;
      const repliers = asList(message['reply_users']);
      const answered = repliers.includes(this.#self.userId) || at < lastOwn;
      await retryWhileStoreIsDown(
        () => this.#listener.onMessage(said, { answered }),
        this.#log,
        signal,
      );
      heard += 1;
    }
    return heard;
  }

  #isOwn(message: JsonRecord): boolean {
    const { userId, botId } = this.#self;
    return message['user'] === userId || (botId !== undefined && message['bot_id'] === botId);
  }
}

/** Slack's way to write a time, in seconds with six decimals. */
function tsOf(ms: number): string {
  return (ms / 1_000).toFixed(6);
}

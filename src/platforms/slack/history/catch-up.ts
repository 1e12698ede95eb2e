import { Rejected } from '../../../core/domain/errors.ts';
import { asList, asRecord, asText, type JsonRecord } from '../../../core/foreign-data.ts';
import type { Store } from '../../../core/ports/store.ts';
import { backoffMs, retry, retryWhileStoreIsDown } from '../../../core/timing.ts';
import {
  CatchUp,
  type CatchUpOptions,
  maxAgeMs,
  type Page,
  type UnreadPlace,
} from '../../common/catch-up.ts';
import { compareIds, laterId } from '../../common/read-positions.ts';
import { RequestThrottle } from '../../common/throttles.ts';
import type { BotIdentity } from '../api/identify-bot.ts';
import type { SlackApi } from '../api/web-api.ts';
import { conversationOf, isDirect, locationOf } from '../messages/conversation-location.ts';
import { parseMessage, type SlackMessage } from '../messages/slack-message.ts';
import type { ThreadReader } from './thread-context.ts';

/** Half of what Slack allows: people who ask meanwhile need the rest. */
const requestRate = { key: 'reading again', burst: 20, perSecond: 0.4 };
/** Overlap with what was received before events ceased, in ms: Slack's clock is not this machine's. */
const overlapMs = 60_000;
const firstRetryMs = 1_000;
const slowestRetryMs = 60_000;

/** Key of a channel's read position; it covers the channel's threads, too. */
export function positionKey(team: string, channel: string): string {
  return `${team}/${channel}`;
}

/** Key of the newest message that was read in a workspace. */
export function workspaceKey(team: string): string {
  return `@workspace/${team}`;
}

/** Positions of whole workspaces are never evicted. */
export function isPermanent(key: string): boolean {
  return key.startsWith('@');
}

/** Slack's way to write a time: seconds with six decimals. */
export function tsAt(ms: number): string {
  return (ms / 1_000).toFixed(6);
}

interface SlackPlace extends UnreadPlace {
  /** The bot is in the channel; else only threads are read in which somebody asked lately. */
  readonly isListed: boolean;
  /** Of threads that the channel's history of a day does not show. */
  readonly threads: readonly string[];
  /** The channel's history is read from here on. */
  readonly horizon: string;
}

/** Reads what was written in a workspace while nobody received events. */
export class SlackCatchUp extends CatchUp<SlackPlace> {
  readonly #api: SlackApi;
  readonly #threads: ThreadReader;
  readonly #bot: BotIdentity;
  readonly #receive: (message: SlackMessage) => Promise<void>;
  readonly #store: Pick<Store, 'recentlyActive' | 'participation'>;
  readonly #throttle = new RequestThrottle(requestRate);
  #loaded = false;

  constructor(
    options: CatchUpOptions & {
      api: SlackApi;
      threads: ThreadReader;
      bot: BotIdentity;
      receive: (message: SlackMessage) => Promise<void>;
      store: Pick<Store, 'recentlyActive' | 'participation'>;
    },
  ) {
    super(options);
    this.#api = options.api;
    this.#threads = options.threads;
    this.#bot = options.bot;
    this.#receive = options.receive;
    this.#store = options.store;
  }

  /**
   * Reads on behind the read positions, which the caller holds with `holdAll`, and releases them at
   * the end: in the bot's channels, in the threads that began there within a day, and in older ones
   * in which somebody asked something within it. Throws only the signal's reason.
   *
   * @param sinceMs when events ceased, in ms since the epoch: nothing behind it is taken for read
   */
  async run(sinceMs: number | undefined, signal: AbortSignal): Promise<void> {
    const triesEnd = Date.now() + maxAgeMs;
    let places: readonly SlackPlace[] = [];
    try {
      places = await retry(
        () => this.#listPlaces(sinceMs, signal),
        (error, tries) => {
          this.log.warn({ err: error }, 'what was missed in Slack is not known');
          if (error instanceof Rejected || Date.now() > triesEnd) throw error;
          return backoffMs(tries, firstRetryMs, slowestRetryMs);
        },
        signal,
      );
    } catch (error) {
      signal.throwIfAborted();
      // A scope is missing, which was logged with what to do.
      if (!(error instanceof Rejected)) throw error;
    }
    for (const { key, after } of places) this.positions.hold(key, after);
    if (places.length > 0) await this.readAll(places, signal);
    this.positions.releaseAll();
  }

  async #listPlaces(sinceMs: number | undefined, signal: AbortSignal): Promise<SlackPlace[]> {
    if (!this.#loaded) await this.positions.load();
    this.#loaded = true;
    const { team } = this.#bot;
    const horizonMs = Date.now() - maxAgeMs;
    const horizon = tsAt(horizonMs);
    const listed = new Set(await this.#channels(signal));
    const active = (await this.#store.recentlyActive('slack', horizonMs))
      .map(locationOf)
      .flatMap(({ team: other, channel, root }) => {
        // The history of a day shows the threads that began within it.
        if (other !== team || root === undefined) return [];
        return listed.has(channel) && root > horizon ? [] : [{ channel, root }];
      });
    const threads = Map.groupBy(active, ({ channel }) => channel);
    return [...new Set([...listed, ...threads.keys()])].map((channel) => ({
      key: positionKey(team, channel),
      channel,
      after: this.#lastRead(channel, sinceMs, horizonMs),
      isListed: listed.has(channel),
      threads: (threads.get(channel) ?? []).map(({ root }) => root),
      horizon,
    }));
  }

  /** In a channel without a position this is the newest message that was read in the workspace. */
  #lastRead(channel: string, sinceMs: number | undefined, horizonMs: number): string {
    const { team } = this.#bot;
    const read =
      this.positions.get(positionKey(team, channel)) ?? this.positions.get(workspaceKey(team));
    const since = sinceMs === undefined ? '' : tsAt(sinceMs - overlapMs);
    const last = since !== '' && read !== undefined && since < read ? since : read;
    return laterId(last ?? '', tsAt(horizonMs));
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
        this.#throttle,
        signal,
      );
      ids.push(...asList(answer['channels']).flatMap((one) => asText(asRecord(one)['id']) ?? []));
      cursor = asText(asRecord(answer['response_metadata'])['next_cursor']);
    } while (cursor !== undefined);
    return ids.toSorted((a, b) => Number(isDirect(b)) - Number(isDirect(a)));
  }

  /** All that is unread in a channel and its threads: Slack lists a channel from its newest message. */
  protected async readPage(place: SlackPlace, after: string, signal: AbortSignal): Promise<Page> {
    const { channel, isListed, threads, horizon } = place;
    const found: Page['messages'][number][] = [];
    const roots = [...threads];
    if (isListed) {
      await this.#throttle.acquire(signal);
      // Of a thread with new replies a channel shows only the first message, however old.
      const history = (await this.#threads.history(channel, horizon, signal)).toReversed();
      found.push(...this.#unread(channel, history, after, signal));
      for (const message of history) {
        const [root, latest] = [asText(message['ts']), asText(message['latest_reply'])];
        if (root !== undefined && latest !== undefined && compareIds(latest, after) > 0)
          roots.push(root);
      }
    }
    for (const root of roots) {
      const replies = await this.#readThread(channel, root, after, signal);
      found.push(...this.#unread(channel, replies, after, signal));
    }
    return { messages: found.toSorted((a, b) => compareIds(a.id, b.id)), isLast: true };
  }

  async #readThread(
    channel: string,
    root: string,
    after: string,
    signal: AbortSignal,
  ): Promise<JsonRecord[]> {
    try {
      await this.#throttle.acquire(signal);
      const replies = await this.#threads.replies({ channel, root }, signal, { oldest: after });
      return replies.filter(({ ts }) => ts !== root);
    } catch (error) {
      if (!(error instanceof Rejected)) throw error;
      this.log.warn({ err: error, channel, thread: root }, 'thread not read again');
      return [];
    }
  }

  /** @param messages oldest first */
  #unread(
    channel: string,
    messages: readonly JsonRecord[],
    after: string,
    signal: AbortSignal,
  ): Page['messages'][number][] {
    const { team, userId } = this.#bot;
    const lastOwn = messages.findLastIndex((message) => this.#isOwn(message));
    return messages.flatMap((one, at) => {
      const message = parseMessage(one, { channel });
      if (message === undefined || compareIds(message.ts, after) <= 0) return [];
      const answered = asList(one['reply_users']).includes(userId) || at < lastOwn;
      const receive = async (): Promise<void> => {
        await retryWhileStoreIsDown(
          async () => {
            // It was answered, though the store has forgotten the conversation.
            if (answered && !(await this.#takesPart(message))) return;
            await this.#receive(message);
          },
          this.log,
          signal,
        );
        this.positions.advance(positionKey(team, channel), message.ts);
        this.positions.advance(workspaceKey(team), message.ts);
      };
      return [{ id: message.ts, receive }];
    });
  }

  async #takesPart(message: SlackMessage): Promise<boolean> {
    const conversation = conversationOf(this.#bot.team, message);
    return (await this.#store.participation(conversation)) !== undefined;
  }

  #isOwn(message: JsonRecord): boolean {
    const { userId, botId } = this.#bot;
    return message['user'] === userId || (botId !== undefined && message['bot_id'] === botId);
  }
}

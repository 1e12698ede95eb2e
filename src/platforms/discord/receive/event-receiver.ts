// Tested by test/contract/platform/discord.test.ts
import { AsyncQueue } from '@sapphire/async-queue';
import { backoffMs, retry } from '../../../core/timing.ts';
import { CallFailed, RateLimited, StoreUnavailable } from '../../../core/domain/errors.ts';
import { asRecord, asText } from '../../../core/foreign-data.ts';
import type { Log } from '../../../core/ports/log.ts';
import type { ReadPositions } from '../../common/read-positions.ts';
import { guildKey, ignoredKey, positionKey } from '../history/catch-up.ts';
import type { Channels } from '../cache/channels.ts';
import type { EventHandler } from './event-handler.ts';
import { pageId, type PostsByNonce } from '../reply/lost-posts.ts';
import { type DiscordMessage, parseMessage } from '../messages/discord-message.ts';
import type { BotIdentity } from '../api/identify-bot.ts';
import { isSnowflake, justBefore } from '../api/snowflake.ts';

/** Time in which events that are being handled may end at a stop, in ms. */
const closeGraceMs = 3_000;
const slowestRetryMs = 30_000;

export interface EventReceiverOptions {
  readonly bot: BotIdentity;
  readonly handler: EventHandler;
  readonly channels: Channels;
  readonly positions: ReadPositions;
  readonly posts: PostsByNonce;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/**
 * Takes events in, those of one channel in order. Discord delivers each only once: one that cannot
 * be stored is tried again until the service stops, and then left behind the channel's mark, where
 * the next start finds it.
 */
export class EventReceiver {
  readonly #options: EventReceiverOptions;
  readonly #inOrder = new KeyedQueue();
  /** Channels in which everything waits for a store that does not take what was said first. */
  readonly #stuck = new Map<string, StoreUnavailable>();

  constructor(options: EventReceiverOptions) {
    this.#options = options;
  }

  /** @param type such as `MESSAGE_CREATE` */
  receive(type: string, payload: unknown): void {
    const { channels, positions, handler } = this.#options;
    const { id, channel_id: channel, newly_created: isNew } = asRecord(payload);
    switch (type) {
      case 'MESSAGE_CREATE':
        this.#receivePayload(payload);
        return;
      case 'MESSAGE_UPDATE':
        if (isSnowflake(channel)) void this.#run(channel, () => handler.onEdit(payload));
        return;
      case 'MESSAGE_DELETE':
      case 'MESSAGE_DELETE_BULK':
        if (isSnowflake(channel)) void this.#run(channel, () => handler.onDelete(payload));
        return;
      case 'CHANNEL_CREATE':
      case 'THREAD_CREATE':
        channels.learn(payload);
        // Nothing is said in it yet but what began it; a forum post's beginning has its id. An
        // older thread comes as the same event when the bot is added to it.
        if (isSnowflake(id) && (type === 'CHANNEL_CREATE' || isNew === true)) {
          positions.advance(id, justBefore(id));
        }
        return;
      case 'CHANNEL_UPDATE':
      case 'THREAD_UPDATE':
      case 'THREAD_LIST_SYNC':
        channels.learn(payload);
        return;
      case 'CHANNEL_DELETE':
      case 'THREAD_DELETE':
        if (!isSnowflake(id)) return;
        channels.forget(id);
        positions.forget(id);
        positions.forget(ignoredKey(id));
        void this.#run(id, () => handler.onChannelDelete(payload));
    }
  }

  /** Hands in what was said, and marks it as read once it is stored. */
  async receiveMessage(message: DiscordMessage): Promise<void> {
    const { handler, positions } = this.#options;
    const place = positionKey(message);
    const stuck = this.#stuck.get(message.channel);
    if (stuck !== undefined) void this.#notifyBlocked(message, stuck);
    const received = await this.#run(message.channel, async () => {
      await handler.onMessage(message);
      positions.advance(place, message.id);
      if (message.guild !== undefined) positions.advance(guildKey(message.guild), message.id);
    });
    if (!received) positions.markUnread(place, justBefore(message.id));
  }

  /** Resolves when what is in hand is done, or after a while. */
  close(): Promise<void> {
    return this.#inOrder.idle(closeGraceMs);
  }

  #receivePayload(payload: unknown): void {
    const { bot, posts, log, positions } = this.#options;
    const message = parseMessage(payload);
    if (message !== undefined) {
      if (message.author.id === bot.id) {
        const nonce = asText(asRecord(payload)['nonce']);
        if (nonce !== undefined) posts.set(nonce, pageId(message.channel, message.id));
      }
      void this.receiveMessage(message);
      return;
    }
    const { type, id, channel_id: channel, guild_id: guild } = asRecord(payload);
    log.debug({ type }, 'Discord message ignored');
    if (!isSnowflake(id) || !isSnowflake(channel)) return;
    const place = positionKey({ channel, ...(typeof guild === 'string' ? { guild } : {}) });
    void this.#run(channel, async () => {
      positions.advance(place, id);
      if (typeof guild === 'string') positions.advance(guildKey(guild), id);
    });
  }

  /** False if it failed, which is logged. */
  #run(channel: string, work: () => Promise<void>): Promise<boolean> {
    return this.#inOrder.run(channel, async () => {
      try {
        await this.#retryUntilReceived(channel, work);
        return true;
      } catch (error) {
        this.#options.log.warn({ err: error, channel }, 'Discord event not handled');
        return false;
      }
    });
  }

  async #notifyBlocked(message: DiscordMessage, fault: StoreUnavailable): Promise<void> {
    try {
      await this.#options.handler.onBlocked(message, fault);
    } catch (error) {
      // It is looked at again when its turn comes.
      this.#options.log.debug({ err: error, channel: message.channel }, 'not known what is asked');
    }
  }

  async #retryUntilReceived(channel: string, work: () => Promise<void>): Promise<void> {
    const { log, signal } = this.#options;
    await retry(
      work,
      (error, tries) => {
        if (error instanceof StoreUnavailable) this.#stuck.set(channel, error);
        else this.#stuck.delete(channel);
        if (!isTransient(error)) throw error;
        log.warn({ err: error, tries }, 'Discord event not stored yet');
        const limitedMs = error instanceof RateLimited ? error.retryAfterMs : 0;
        return Math.max(limitedMs, backoffMs(tries, 200, slowestRetryMs));
      },
      signal,
    );
    this.#stuck.delete(channel);
  }
}

/** The store or Discord is away, or busy. */
function isTransient(error: unknown): boolean {
  return (
    error instanceof StoreUnavailable || error instanceof CallFailed || error instanceof RateLimited
  );
}

/** Runs the work of one key in order, and that of others meanwhile. */
class KeyedQueue {
  readonly #queues = new Map<string, AsyncQueue>();

  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const queue = this.#queues.get(key) ?? new AsyncQueue();
    this.#queues.set(key, queue);
    await queue.wait();
    try {
      return await work();
    } finally {
      queue.shift();
      if (queue.remaining === 0) this.#queues.delete(key);
    }
  }

  /** Resolves when nothing runs any more, or after `ms`. */
  async idle(ms: number): Promise<void> {
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(() => late.resolve(), ms);
    const idle = Promise.all(Array.from(this.#queues.values(), (queue) => queue.wait()));
    await Promise.race([idle, late.promise]);
    clearTimeout(timer);
  }
}

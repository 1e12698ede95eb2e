import { backoffMs, wait } from '../../../core/timing.ts';
import { CallFailed, RateLimited, StoreUnavailable } from '../../../core/domain/errors.ts';
import { fieldsOf, textOf } from '../../../core/foreign-data.ts';
import type { Log } from '../../../core/ports/log.ts';
import { type Bookmarks, placeIn } from '../history/read-positions.ts';
import type { Channels } from '../cache/channels.ts';
import type { Listener } from './event-handler.ts';
import { pageId, type Posts } from '../reply/posted-pages.ts';
import { type Said, saidIn } from '../messages/discord-message.ts';
import type { Self } from '../api/identify-bot.ts';
import { isSnowflake, justBefore } from '../api/snowflake.ts';

/** What is being taken in may end for so long when nothing more is taken in. */
const graceMs = 3_000;
const slowestRetryMs = 30_000;

export interface EarOptions {
  readonly self: Self;
  readonly listener: Listener;
  readonly channels: Channels;
  readonly bookmarks: Bookmarks;
  readonly posts: Posts;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/**
 * Takes events in, those of one channel in order. Discord delivers each only once: one that cannot
 * be stored is tried again until the service stops, and then left behind the channel's mark, where
 * the next start finds it.
 */
export class Ear {
  readonly #options: EarOptions;
  readonly #inOrder = new InOrder();
  /** Channels in which everything waits for a store that does not take what was said first. */
  readonly #stuck = new Map<string, StoreUnavailable>();

  constructor(options: EarOptions) {
    this.#options = options;
  }

  /** @param type such as `MESSAGE_CREATE` */
  take(type: string, payload: unknown): void {
    const { channels, bookmarks, listener } = this.#options;
    const { id, channel_id: channel, newly_created: isNew } = fieldsOf(payload);
    switch (type) {
      case 'MESSAGE_CREATE':
        this.#takeMessage(payload);
        return;
      case 'MESSAGE_UPDATE':
        if (isSnowflake(channel)) void this.#run(channel, () => listener.change(payload));
        return;
      case 'MESSAGE_DELETE':
      case 'MESSAGE_DELETE_BULK':
        if (isSnowflake(channel)) void this.#run(channel, () => listener.delete(payload));
        return;
      case 'CHANNEL_CREATE':
      case 'THREAD_CREATE':
        channels.learn(payload);
        // Nothing is said in it yet but what began it; a forum post's beginning has its id. An
        // older thread is told of in the same way when the bot comes into it.
        if (isSnowflake(id) && (type === 'CHANNEL_CREATE' || isNew === true)) {
          bookmarks.advance(id, justBefore(id));
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
        bookmarks.forget(id);
        void this.#run(id, () => listener.close(payload));
    }
  }

  /** Hands in what was said, and marks it as read once it is stored. */
  async hear(said: Said): Promise<void> {
    const { listener, bookmarks } = this.#options;
    const place = placeIn(said);
    const stuck = this.#stuck.get(said.channel);
    if (stuck !== undefined) void this.#regret(said, stuck);
    const taken = await this.#run(said.channel, async () => {
      await listener.hear(said);
      bookmarks.advance(place, said.id);
      if (said.guild !== undefined) bookmarks.heard(said.guild, said.id);
    });
    if (!taken) bookmarks.leave(place, said.id);
  }

  /** Resolves when what is in hand is done, or after a while. */
  close(): Promise<void> {
    return this.#inOrder.settled(graceMs);
  }

  #takeMessage(payload: unknown): void {
    const { self, posts, log, bookmarks } = this.#options;
    const said = saidIn(payload);
    if (said !== undefined) {
      if (said.author.id === self.id) {
        const nonce = textOf(fieldsOf(payload)['nonce']);
        if (nonce !== undefined) posts.add(nonce, pageId(said.channel, said.id));
      }
      void this.hear(said);
      return;
    }
    const { type, id, channel_id: channel, guild_id: guild } = fieldsOf(payload);
    log.debug({ type }, 'discord message of no concern');
    if (!isSnowflake(id) || !isSnowflake(channel)) return;
    const place = placeIn({ channel, ...(typeof guild === 'string' ? { guild } : {}) });
    void this.#run(channel, async () => {
      bookmarks.advance(place, id);
      if (typeof guild === 'string') bookmarks.heard(guild, id);
    });
  }

  /** False if it failed, which is logged. */
  async #run(channel: string, work: () => Promise<void>): Promise<boolean> {
    let taken = false;
    await this.#inOrder.run(channel, async () => {
      try {
        await this.#untilTaken(channel, work);
        taken = true;
      } catch (error) {
        this.#options.log.warn({ err: error, channel }, 'discord event not taken in');
      }
    });
    return taken;
  }

  async #regret(said: Said, fault: StoreUnavailable): Promise<void> {
    try {
      await this.#options.listener.regret(said, fault);
    } catch (error) {
      // It is looked at again when its turn comes.
      this.#options.log.debug({ err: error, channel: said.channel }, 'not known what is asked');
    }
  }

  async #untilTaken(channel: string, work: () => Promise<void>): Promise<void> {
    const { log, signal } = this.#options;
    for (let tries = 1; ; tries += 1) {
      try {
        await work();
        this.#stuck.delete(channel);
        return;
      } catch (error) {
        if (error instanceof StoreUnavailable) this.#stuck.set(channel, error);
        else this.#stuck.delete(channel);
        if (!mayPass(error)) throw error;
        log.warn({ err: error, tries }, 'discord event not taken in yet');
        const limitedMs = error instanceof RateLimited ? error.retryAfterMs : 0;
        await wait(Math.max(limitedMs, backoffMs(tries, 200, slowestRetryMs)), signal);
      }
    }
  }
}

/** The store or Discord is away, or busy. */
function mayPass(error: unknown): boolean {
  return (
    error instanceof StoreUnavailable || error instanceof CallFailed || error instanceof RateLimited
  );
}

/** Runs what belongs to one channel one after the other, and what belongs to others meanwhile. */
export class InOrder {
  readonly #last = new Map<string, Promise<void>>();

  /** @param work deals with its own failures */
  run(channel: string, work: () => Promise<void>): Promise<void> {
    const before = this.#last.get(channel) ?? Promise.resolve();
    const done = before.then(work).finally(() => {
      if (this.#last.get(channel) === done) this.#last.delete(channel);
    });
    this.#last.set(channel, done);
    return done;
  }

  /** Resolves when nothing runs any more, or after `ms`. */
  async settled(ms: number): Promise<void> {
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(() => late.resolve(), ms);
    await Promise.race([Promise.allSettled(this.#last.values()), late.promise]);
    clearTimeout(timer);
  }
}

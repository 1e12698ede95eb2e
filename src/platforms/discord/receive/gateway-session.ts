import { fieldsOf, listOf } from '../../../core/foreign-data.ts';
import type { Followups } from '../../../core/intake/access.ts';
import type { Log } from '../../../core/ports/log.ts';
import type { Intake } from '../../../core/ports/platform.ts';
import type { Store } from '../../../core/ports/store.ts';
import { ReadingNotes } from '../../../core/intake/poison-messages.ts';
import type { TurnedAway } from '../../../core/intake/refusal-notices.ts';
import type { DiscordApi } from '../api/rest-api.ts';
import { Bookmarks } from '../history/read-positions.ts';
import type { Chains } from './reply-chains.ts';
import type { Channels } from '../cache/channels.ts';
import type { Door } from './access-check.ts';
import { Ear } from './event-receiver.ts';
import type { Guilds, Roles } from '../cache/guilds.ts';
import { Gateway } from '../gateway/gateway.ts';
import { Listener } from './event-handler.ts';
import { Missed, type Readable } from '../history/catch-up.ts';
import type { Notices } from '../notices/user-notices.ts';
import type { Posts } from '../reply/posted-pages.ts';
import type { Replies } from '../reply/reply-registry.ts';
import type { Self } from '../api/identify-bot.ts';
import { idAt, justBefore, younger } from '../api/snowflake.ts';
import { untilDone } from '../api/retry-until-done.ts';

export interface HearingOptions {
  readonly token: string;
  readonly apiUrl?: string;
  readonly self: Self;
  readonly api: DiscordApi;
  readonly channels: Channels;
  readonly roles: Roles;
  readonly chains: Chains;
  readonly posts: Posts;
  readonly replies: Replies;
  readonly notices: Notices;
  readonly followups: Followups;
  readonly bots: ReadonlySet<string>;
  readonly door: Door;
  readonly guilds: Guilds;
  readonly turnedAway: TurnedAway;
  readonly intake: Intake;
  readonly store: Pick<Store, 'participation' | 'active' | 'view' | 'bookmark' | 'bookmarks'>;
  readonly log: Log;
  readonly onDeaf: (error: Error) => void;
  readonly deafMs?: number;
  readonly identifyEveryMs?: number;
}

/**
 * Listening to Discord, from its gateway to the inbox, and reading what was missed before: done by
 * one instance at a time. One that ended is not begun again.
 */
export class Hearing {
  readonly #bookmarks: Bookmarks;
  readonly #missed: Missed;
  readonly #ear: Ear;
  readonly #gateway: Gateway;
  readonly #channels: Channels;
  readonly #roles: Roles;
  readonly #guilds: Guilds;
  readonly #self: Self;
  readonly #log: Log;
  readonly #ended = new AbortController();
  #beginning: Promise<void> = Promise.resolve();
  #reading: Promise<void> = Promise.resolve();

  constructor(options: HearingOptions) {
    const { store, log, api, replies, notices } = options;
    const { signal } = this.#ended;
    this.#channels = options.channels;
    this.#roles = options.roles;
    this.#guilds = options.guilds;
    this.#self = options.self;
    this.#log = log;
    this.#bookmarks = new Bookmarks({ store, log });
    const bookmarks = this.#bookmarks;
    const listener = new Listener({
      ...options,
      reading: new ReadingNotes({ platform: 'discord', store, log }),
      names: { channel: options.channels.nameOf, role: options.roles.nameOf },
      signal,
      tell: notices.tell,
      turnAway: notices.turnAway,
      withdraw: (message) => replies.withdraw(message),
    });
    this.#ear = new Ear({ ...options, listener, bookmarks, signal });
    this.#missed = new Missed({ api, bookmarks, ear: this.#ear, log });
    this.#gateway = new Gateway({
      ...options,
      take: (type, payload) => {
        replies.hear(type);
        this.#take(type, payload);
      },
      onGuild: (channels) => this.#readAgain(channels),
      onOpened: (channels) => {
        // By Discord's clock where it tells; by ours with all of this millisecond.
        const now = justBefore(idAt(Date.now() + 1));
        for (const { id, newest = '' } of channels) bookmarks.gap(id, younger(newest, now));
      },
    });
  }

  /** Resolves once events come in, however long that takes. Throws `BadConfiguration`. */
  begin(): Promise<void> {
    this.#beginning = this.#begin();
    return this.#beginning;
  }

  /** Whether events come in at this moment. */
  get hears(): boolean {
    return this.#gateway.hears;
  }

  /** Nothing is taken in any more, and how far was read is marked. */
  async end(): Promise<void> {
    this.#ended.abort(new Error('Discord is not listened to any more'));
    await this.#gateway.stop();
    await this.#ear.close();
    await this.#reading;
    // However that ended: who began hears why it failed.
    await Promise.allSettled([this.#beginning]);
    await this.#bookmarks.close();
  }

  async #begin(): Promise<void> {
    const { signal } = this.#ended;
    await untilDone(() => this.#bookmarks.open(), this.#log, signal);
    signal.throwIfAborted();
    await this.#gateway.start(signal);
  }

  #take(type: string, payload: unknown): void {
    this.#guilds.learn(type, payload);
    switch (type) {
      case 'GUILD_CREATE':
        this.#channels.learn(payload);
        this.#roles.learn(payload, this.#self.id);
        return;
      case 'GUILD_ROLE_CREATE':
      case 'GUILD_ROLE_UPDATE':
      case 'GUILD_ROLE_DELETE':
        this.#roles.learn(payload, this.#self.id);
        return;
      case 'READY': {
        // A new session: what was said since the last one is not told. Guilds come one by one, and
        // direct messages on the first shard alone.
        const [shard = 0] = listOf(fieldsOf(payload)['shard']);
        if (shard === 0) this.#readAgain(this.#missed.direct());
        return;
      }
      default:
        this.#ear.take(type, payload);
    }
  }

  #readAgain(channels: readonly Readable[]): void {
    const unread = this.#missed.plan(channels);
    const reading = this.#missed
      .readAgain(unread, this.#ended.signal)
      .catch((error: unknown) => this.#log.debug({ err: error }, 'reading again cut short'));
    this.#reading = Promise.all([this.#reading, reading]).then(() => undefined);
  }
}

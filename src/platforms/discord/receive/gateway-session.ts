// Tested by test/integration/discord-gateway.test.ts
import { asList, asRecord } from '../../../core/foreign-data.ts';
import type { FollowUpPolicy, RefusalNotices } from '../../../core/intake/access.ts';
import type { Log } from '../../../core/ports/log.ts';
import type { Intake } from '../../../core/ports/platform.ts';
import type { Store } from '../../../core/ports/store.ts';
import { PoisonMessageGuard } from '../../../core/intake/poison-messages.ts';
import type { DiscordApi } from '../api/rest-api.ts';
import { laterId, ReadPositions } from '../../common/read-positions.ts';
import type { ReplyChains } from './reply-chains.ts';
import type { Channels } from '../cache/channels.ts';
import type { AccessCheck } from './access-check.ts';
import { EventReceiver } from './event-receiver.ts';
import type { GuildRoles, Guilds } from '../cache/guilds.ts';
import { Gateway } from '../gateway/gateway.ts';
import { EventHandler } from './event-handler.ts';
import {
  DiscordCatchUp,
  ignoredKey,
  isPermanent,
  type ReadableChannel,
} from '../history/catch-up.ts';
import type { UserNotices } from '../notices/user-notices.ts';
import type { PostsByNonce } from '../reply/lost-posts.ts';
import type { ReplyRegistry } from '../reply/reply-registry.ts';
import type { BotIdentity } from '../api/identify-bot.ts';
import { idAt, justBefore } from '../api/snowflake.ts';
import { retryUntilDone } from '../../common/platform-calls.ts';

export interface GatewaySessionOptions {
  readonly token: string;
  readonly apiUrl?: string;
  readonly bot: BotIdentity;
  readonly api: DiscordApi;
  readonly channels: Channels;
  readonly roles: GuildRoles;
  readonly chains: ReplyChains;
  readonly posts: PostsByNonce;
  readonly replies: ReplyRegistry;
  readonly notices: UserNotices;
  readonly followups: FollowUpPolicy;
  readonly bots: ReadonlySet<string>;
  readonly accessCheck: AccessCheck;
  readonly guilds: Guilds;
  readonly refusalNotices: RefusalNotices;
  readonly intake: Intake;
  readonly store: Pick<
    Store,
    'participation' | 'recentlyActive' | 'conversationView' | 'saveReadPositions' | 'readPositions'
  >;
  readonly log: Log;
  readonly onFatal: (error: Error) => void;
  readonly silenceMs?: number;
  readonly identifyEveryMs?: number;
}

/**
 * Listening to Discord, from its gateway to the inbox, and reading what was missed before: done by
 * one instance at a time. One that ended is not begun again.
 */
export class GatewaySession {
  readonly #positions: ReadPositions;
  readonly #catchUp: DiscordCatchUp;
  readonly #receiver: EventReceiver;
  readonly #gateway: Gateway;
  readonly #channels: Channels;
  readonly #roles: GuildRoles;
  readonly #guilds: Guilds;
  readonly #bot: BotIdentity;
  readonly #log: Log;
  readonly #ended = new AbortController();
  #beginning: Promise<void> = Promise.resolve();
  #reading: Promise<void> = Promise.resolve();

  constructor(options: GatewaySessionOptions) {
    const { store, log, api, replies } = options;
    const { signal } = this.#ended;
    this.#channels = options.channels;
    this.#roles = options.roles;
    this.#guilds = options.guilds;
    this.#bot = options.bot;
    this.#log = log;
    this.#positions = new ReadPositions({ platform: 'discord', store, log, isPermanent });
    const positions = this.#positions;
    const handler = new EventHandler({
      ...options,
      followUps: options.followups,
      poisonMessages: new PoisonMessageGuard({ platform: 'discord', store, log }),
      names: { channel: options.channels.nameOf, role: options.roles.nameOf },
      signal,
      onMessageDeleted: (message) => replies.onMessageDeleted(message),
    });
    this.#receiver = new EventReceiver({ ...options, handler, positions, signal });
    this.#catchUp = new DiscordCatchUp({
      platform: 'discord',
      api,
      positions,
      receive: (message) => this.#receiver.receiveMessage(message),
      log,
    });
    this.#gateway = new Gateway({
      ...options,
      onEvent: (type, payload) => {
        replies.onEvent(type);
        this.#take(type, payload);
      },
      onGuild: (channels) => this.#readAgain(channels),
      onChannelsReadable: (channels) => {
        // By Discord's clock where it tells; by ours with all of this millisecond.
        const now = justBefore(idAt(Date.now() + 1));
        for (const { id, newest = '' } of channels) {
          positions.advance(ignoredKey(id), laterId(newest, now));
        }
      },
    });
  }

  /** Resolves once events come in, however long that takes. Throws `BadConfiguration`. */
  begin(): Promise<void> {
    this.#beginning = this.#begin();
    return this.#beginning;
  }

  /** Whether events come in at this moment. */
  get isReceiving(): boolean {
    return this.#gateway.isReceiving;
  }

  /** Receives nothing more, and saves the read positions. */
  async end(): Promise<void> {
    this.#ended.abort(new Error('Discord is not listened to any more'));
    await this.#gateway.stop();
    await this.#receiver.close();
    await this.#reading;
    // However that ended: `begin` has thrown why it failed.
    await Promise.allSettled([this.#beginning]);
    await this.#positions.close();
  }

  async #begin(): Promise<void> {
    const { signal } = this.#ended;
    await retryUntilDone(
      () => this.#catchUp.load(),
      this.#log,
      'read positions not loaded yet',
      signal,
    );
    signal.throwIfAborted();
    await this.#gateway.start(signal);
  }

  #take(type: string, payload: unknown): void {
    this.#guilds.learn(type, payload);
    switch (type) {
      case 'GUILD_CREATE':
        this.#channels.learn(payload);
        this.#roles.learn(payload, this.#bot.id);
        return;
      case 'GUILD_ROLE_CREATE':
      case 'GUILD_ROLE_UPDATE':
      case 'GUILD_ROLE_DELETE':
        this.#roles.learn(payload, this.#bot.id);
        return;
      case 'READY': {
        // A new session brings nothing that was said since the last one. Guilds come one by one, and
        // direct messages on the first shard alone.
        const [shard = 0] = asList(asRecord(payload)['shard']);
        if (shard === 0) this.#readAgain(this.#catchUp.directChannels());
        return;
      }
      default:
        this.#receiver.receive(type, payload);
    }
  }

  #readAgain(channels: readonly ReadableChannel[]): void {
    const reading = this.#catchUp
      .run(channels, this.#ended.signal)
      .catch((error: unknown) => this.#log.debug({ err: error }, 'reading again cut short'));
    this.#reading = Promise.all([this.#reading, reading]).then(() => undefined);
  }
}

import { AsyncQueue } from '@sapphire/async-queue';
import {
  Client,
  GatewayIntentBits,
  Options,
  Partials,
  SimpleShardingStrategy,
  type WebSocketOptions,
} from 'discord.js';
import { wait } from '../../../core/timing.ts';

/** Discord takes one in 5 s; clocks differ a little. */
const usualIdentifyEveryMs = 5_500;

/** Discord's client library, for the gateway alone: replies go through REST. */
export function createGatewayClient({
  apiUrl,
  identifyEveryMs = usualIdentifyEveryMs,
}: {
  apiUrl?: string;
  identifyEveryMs?: number;
}): Client {
  return new Client({
    intents: [
      GatewayIntentBits.Guilds,
      GatewayIntentBits.GuildMessages,
      GatewayIntentBits.DirectMessages,
      GatewayIntentBits.MessageContent,
    ],
    // Without it, direct messages and threads that are not known yet are dropped in silence.
    partials: [Partials.Channel],
    allowedMentions: { parse: [], repliedUser: false },
    shards: 'auto',
    ws: {
      buildStrategy: (manager) => new StoppableShardingStrategy(manager),
      async buildIdentifyThrottler(manager) {
        const { session_start_limit: limit } = await manager.fetchGatewayInformation();
        return new IdentifyThrottler(limit.max_concurrency, identifyEveryMs);
      },
    },
    // Guilds, channels and roles are what permissions are worked out from; all else is dead weight.
    makeCache: Options.cacheWithLimits({
      ...Options.DefaultMakeCacheSettings,
      GuildMemberManager: { maxSize: 0, keepOverLimit: ({ id, client }) => id === client.user.id },
      UserManager: { maxSize: 0, keepOverLimit: ({ id, client }) => id === client.user?.id },
      GuildEmojiManager: 0,
      GuildInviteManager: 0,
      GuildStickerManager: 0,
      MessageManager: 0,
      PresenceManager: 0,
      ReactionManager: 0,
      StageInstanceManager: 0,
      ThreadMemberManager: 0,
      VoiceStateManager: 0,
    }),
    ...(apiUrl === undefined ? {} : { rest: { api: apiUrl } }),
  });
}

type Manager = Parameters<NonNullable<WebSocketOptions['buildStrategy']>>[0];

/**
 * All shards' connections, in this process. The library's own collection of them cannot be ended
 * while one of them connects: it goes on connecting, or its next failure ends the process.
 */
class StoppableShardingStrategy extends SimpleShardingStrategy {
  readonly #manager: Manager;
  /** Those that Discord has said hello to. */
  readonly #greeted = new Set<number>();
  #ids: readonly number[] = [];

  constructor(manager: Manager) {
    super(manager);
    this.#manager = manager;
    this.#on('hello', (shard) => this.#greeted.add(shard));
    this.#on('closed', (shard) => this.#greeted.delete(shard));
  }

  override async spawn(shardIds: number[]): Promise<void> {
    await super.spawn(shardIds);
    this.#ids = shardIds;
  }

  override async destroy(options?: Parameters<SimpleShardingStrategy['destroy']>[0]) {
    if (this.#ids.length === 0) return;
    // Without an answer to this no shard connects once more.
    this.#manager.options.retrieveSessionInfo = () => new Promise(() => undefined);
    if (this.#allGreeted) return super.destroy(options);
    this.#on('hello', () => {
      if (this.#allGreeted) void super.destroy(options);
    });
  }

  #on(event: 'hello' | 'closed', listener: (shard: number) => void): void {
    // The enumeration of these names is hidden by another of the same name.
    const manager = this.#manager as unknown as {
      on(event: string, listener: (told: { shardId: number }) => void): void;
    };
    manager.on(event, ({ shardId }) => listener(shardId));
  }

  get #allGreeted(): boolean {
    return this.#ids.every((id) => this.#greeted.has(id));
  }
}

/**
 * Lets shards introduce themselves no faster than Discord takes it. Unlike the library's own, a
 * shard whose connection breaks while it waits leaves the line: with the library's it would speak
 * on the next connection before that is open, which ends the process.
 */
export class IdentifyThrottler {
  readonly #atOnce: number;
  readonly #everyMs: number;
  readonly #queues = new Map<number, AsyncQueue>();
  readonly #lastAt = new Map<number, number>();

  /**
   * @param atOnce how many shards may do so at the same time, as Discord tells
   * @param everyMs the time between two of them, in milliseconds
   */
  constructor(atOnce: number, everyMs: number) {
    this.#atOnce = Math.max(1, atOnce);
    this.#everyMs = everyMs;
  }

  /** Throws the signal's reason. */
  async waitForIdentify(shardId: number, signal: AbortSignal): Promise<void> {
    const key = shardId % this.#atOnce;
    const queue = this.#queues.get(key) ?? new AsyncQueue();
    this.#queues.set(key, queue);
    await queue.wait();
    try {
      signal.throwIfAborted();
      const lastAt = this.#lastAt.get(key) ?? Number.NEGATIVE_INFINITY;
      const waitMs = lastAt + this.#everyMs - performance.now();
      if (waitMs > 0) await wait(Math.ceil(waitMs), signal);
      this.#lastAt.set(key, performance.now());
    } finally {
      queue.shift();
    }
  }
}

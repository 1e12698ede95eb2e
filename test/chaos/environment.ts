import { randomUUID } from 'node:crypto';
import { requiredScopes } from '../../src/platforms/slack/api/identify-bot.ts';
import { DiscordFake } from '../fakes/discord/discord-fake.ts';
import { type SlackFake, startSlackFake } from '../fakes/slack/slack-fake.ts';
import { type RedisServer, startRedis } from '../redis/server.ts';
import type { SeededRandom } from './seeded-random.ts';
import { Fleet } from './fleet.ts';
import { RecordingModel } from './recording-model.ts';
import {
  DiscordThread,
  SlackDirect,
  SlackThread,
  type SimulatedConversation,
} from './simulated-conversations.ts';

const signingSecret = 'a signing secret';

/** How Slack's events reach the instances. */
export type SlackTransport = 'socket' | 'http';

export interface EnvironmentOptions {
  /** Several sockets, or requests that a balancer spreads. */
  readonly slack: SlackTransport;
  readonly instances: number;
  readonly threads?: number;
  readonly directs?: number;
  readonly discords?: number;
  /** Of every instance. */
  readonly env?: Readonly<Record<string, string>>;
}

const reorderEveryMs = 500;
const reorderMs = 120;

/**
 * People who talk with the bot in Slack and Discord, a model, a Redis that keeps what it is given,
 * and the instances that work for them.
 */
export class ChaosEnvironment {
  readonly slack: SlackFake;
  readonly discord: DiscordFake;
  readonly model: RecordingModel;
  readonly redis: RedisServer;
  readonly conversations: readonly SimulatedConversation[];
  fleet!: Fleet;
  readonly #options: EnvironmentOptions;
  readonly #prefix = `chaos-${randomUUID().slice(0, 8)}`;
  #reordering: NodeJS.Timeout | undefined;

  private constructor(
    options: EnvironmentOptions,
    parts: { slack: SlackFake; discord: DiscordFake; model: RecordingModel; redis: RedisServer },
  ) {
    this.#options = options;
    this.slack = parts.slack;
    this.discord = parts.discord;
    this.model = parts.model;
    this.redis = parts.redis;
    this.conversations = [
      ...people(options.threads).map(
        (_, at) => new SlackThread(this.slack, threadUser(at), channelOf(at)),
      ),
      ...people(options.directs).map((_, at) => new SlackDirect(this.slack, directUser(at))),
      ...people(options.discords).map(
        (_, at) => new DiscordThread(this.discord, `Discordian ${at}`, `room-${at % rooms}`),
      ),
    ];
  }

  static async start(options: EnvironmentOptions): Promise<ChaosEnvironment> {
    const [slack, discord, model, redis] = await Promise.all([
      startSlackFake(slackOptions(options)),
      DiscordFake.start({
        guilds: [
          { name: 'Village', channels: people(rooms).map((_, at) => ({ name: `room-${at}` })) },
        ],
        // Each instance that starts may identify at once.
        gateway: { identifyEveryMs: 0 },
      }),
      RecordingModel.start(),
      startRedis({ appendonly: true }),
    ]);
    const environment = new ChaosEnvironment(options, { slack, discord, model, redis });
    try {
      environment.fleet = await Fleet.start(options.instances, () => environment.env);
    } catch (error) {
      await environment.#close();
      throw error;
    }
    if (options.slack === 'http') environment.#balance();
    return environment;
  }

  get env(): Record<string, string> {
    const { slack, discord, model, redis } = this;
    return {
      REDIS_URL: redis.url,
      REDIS_PREFIX: this.#prefix,
      OPENAI_BASE_URL: model.url,
      OPENAI_API: 'chat',
      SLACK_BOT_TOKEN: slack.botToken,
      SLACK_API_URL: slack.apiUrl,
      ...(this.#options.slack === 'http'
        ? { SLACK_SIGNING_SECRET: signingSecret }
        : { SLACK_APP_TOKEN: slack.appToken }),
      DISCORD_BOT_TOKEN: discord.token,
      DISCORD_API_URL: discord.apiUrl,
      ...this.#options.env,
    };
  }

  /** One more instance; resolves to its number. */
  async addInstance(): Promise<number> {
    const index = await this.fleet.addInstance();
    if (this.#options.slack === 'http') this.#balance();
    return index;
  }

  /** Slack's requests go to these instances alone, in turn. */
  deliverTo(...indices: [number, ...number[]]): void {
    const [first, ...others] = indices.map((at) => `${this.fleet.at(at).url}/slack/events`);
    this.slack.deliverTo([first!, ...others], signingSecret);
  }

  /** From now on events come twice, and in another order than they happened. */
  repeatAndReorderEvents(random: SeededRandom): void {
    const { events: courier, settings } = this.slack;
    courier.duplicateNext(Number.POSITIVE_INFINITY);
    settings.mentionEventOrder = 'random';
    settings.mentionEventGapMs = 20;
    this.discord.gateway.events.duplicate();
    this.discord.gateway.events.delay(() => random.between(0, reorderMs));
    this.#reordering = setInterval(() => {
      const release = courier.hold();
      setTimeout(() => release((events) => random.shuffled(events)), reorderMs);
    }, reorderEveryMs);
  }

  async stop(): Promise<void> {
    clearInterval(this.#reordering);
    try {
      await this.fleet.stop();
    } finally {
      await this.#close();
    }
  }

  async #close(): Promise<void> {
    await Promise.all([this.slack.close(), this.discord.stop(), this.model.close()]);
    await this.redis.stop();
  }

  #balance(): void {
    const [, ...others] = people(this.fleet.size).map((_, at) => at);
    this.deliverTo(0, ...others);
  }
}

/** Channels of each platform: neither takes more than a post a second in one. */
const rooms = 8;

function slackOptions({ threads = 0, directs = 0 }: EnvironmentOptions) {
  const members = people(threads).map((_, at) => threadUser(at));
  return {
    workspaces: [
      {
        id: 'T1',
        scopes: [...requiredScopes],
        users: [...members, ...people(directs).map((_, at) => directUser(at))].map((id) => ({
          id,
          name: `Person ${id}`,
        })),
        channels: [
          ...people(rooms).map((_, at) => ({ id: channelOf(at), members })),
          ...people(directs).map((_, at) => ({
            id: `D${directUser(at)}`,
            members: [directUser(at)],
          })),
        ],
      },
    ],
    // Instances do not share what a minute allows, and those that start read channels again: the
    // limits are not what is looked at here.
    limits: { scale: 20 },
    // At once, as Slack does it, and then sooner than after its minutes.
    redelivery: { retryAfterMs: [0, 5_000, 10_000, 10_000, 30_000] },
    latency: { medianMs: 20 },
  };
}

function people(count = 0): undefined[] {
  return Array.from({ length: count }, () => undefined);
}

function threadUser(at: number): string {
  return `U1${at}`;
}

function directUser(at: number): string {
  return `U2${at}`;
}

function channelOf(at: number): string {
  return `C${at % rooms}`;
}

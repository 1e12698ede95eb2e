import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ConditionWaiter } from '../condition-waiter.ts';
import { Administrator } from './administrator.ts';
import { EventPublisher } from './event-publisher.ts';
import type { Channel } from './channel.ts';
import { Actions } from './actions.ts';
import { Faults } from './faults.ts';
import { Gateway } from './gateway/gateway.ts';
import {
  type Call,
  ActivityRecord,
  type LinkEmbed,
  type Ping,
  type RateLimited,
} from './activity-record.ts';
import { Limits } from './limits.ts';
import type { Message, Reading } from './message.ts';
import { type DiscordFakeOptions, type Settings, settingsOf } from './options.ts';
import { Person } from './person.ts';
import { RestApi } from './rest-api.ts';
import { type User, nameOf } from './user.ts';
import { type ChannelReference, DiscordState } from './discord-state.ts';

/** A message as a person sees it. */
export interface Shown {
  readonly id: string;
  readonly author: string;
  readonly text: string;
  /** The message that it is a reply to. */
  readonly replyTo?: string;
}

/**
 * A Discord that real discord.js talks to: REST and gateway, version 10, with the sizes,
 * permissions, errors and rate limits of the real one, faults on demand, and a record of what
 * people saw and of whom the bot pinged.
 */
export class DiscordFake {
  /** Can be changed at any time. */
  readonly settings: Settings;
  readonly limits: Limits;
  readonly faults = new Faults();
  readonly state: DiscordState;
  readonly gateway: Gateway;
  /** What those who run the guild do. */
  readonly admin: Administrator;
  readonly #token: string;
  readonly #watch = new ConditionWaiter();
  readonly #history = new ActivityRecord(this.#watch);
  readonly #server: Server;
  readonly #actions: Actions;
  readonly #api: RestApi;

  /** Starts a fake Discord on a free port of 127.0.0.1. */
  static async start(options: DiscordFakeOptions = {}): Promise<DiscordFake> {
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', resolve);
    });
    return new DiscordFake(server, options);
  }

  private constructor(server: Server, options: DiscordFakeOptions) {
    this.#server = server;
    // Else a call may run into the end of a connection that was idle for Node's usual 5 s.
    server.keepAliveTimeout = 60_000;
    this.settings = settingsOf(options);
    this.limits = new Limits(options.limits ?? {});
    this.state = new DiscordState(options);
    const { state, settings } = this;
    this.#token =
      options.token ?? `${Buffer.from(state.bot.id).toString('base64url')}.Gfake0.not-a-real-token`;
    this.gateway = new Gateway({
      server,
      token: this.#token,
      bot: this.bot,
      world: state,
      options: options.gateway,
    });
    const { gateway } = this;
    const publisher = new EventPublisher(state, gateway);
    this.#actions = new Actions(state, publisher, this.#history);
    this.admin = new Administrator(state, this.#actions, publisher);
    this.#api = new RestApi({
      services: { world: state, actions: this.#actions, publisher, settings, gateway },
      history: this.#history,
      limits: this.limits,
      faults: this.faults,
      token: () => gateway.token,
    });
    server.on('request', (request, response) => void this.#api.handle(request, response));
  }

  /** For `DISCORD_API_URL` and discord.js's `rest.api`. */
  get apiUrl(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/api`;
  }

  /** What the bot has to show; `gateway.token` when Discord has reset it since. */
  get token(): string {
    return this.#token;
  }

  get bot(): User {
    return this.state.bot;
  }

  /** Somebody by name; joins the first guild if nobody there is called that. */
  person(name: string): Person {
    const known = [...this.state.users.values()].find(({ globalName }) => globalName === name);
    return this.#actor(known ?? this.#newcomer(name, {}));
  }

  /** Another bot, in the first guild. */
  robot(name: string): Person {
    return this.#actor(this.#named(name, 'bot') ?? this.#newcomer(name, { bot: true }));
  }

  webhook(name: string): Person {
    return this.#actor(this.#named(name, 'webhook') ?? this.state.addUser(name, { webhook: true }));
  }

  channel(place: ChannelReference): Channel {
    return this.state.channel(place);
  }

  /** The message with this id, deleted or not; throws if there never was one. */
  message(id: string): Message {
    return this.state.message(id);
  }

  /** The thread of a message, or with this id or name; undefined if there is none. */
  thread(of: Message | string): Channel | undefined {
    const key = typeof of === 'string' ? of : of.id;
    return [...this.state.channels.values()].find(
      ({ id, name, thread, deleted }) =>
        thread !== undefined && !deleted && (id === key || name === key),
    );
  }

  /** What people read in a channel or thread now, without what Discord says there itself. */
  messages(place: ChannelReference): Shown[] {
    return this.state
      .channel(place)
      .messages.filter(({ kind }) => kind === 'default' || kind === 'reply')
      .map(({ id, author, text, reference }) => ({
        id,
        author: nameOf(author),
        text,
        ...(reference === undefined ? {} : { replyTo: reference.messageId }),
      }));
  }

  /** The same as one text, a line or more for each message. */
  text(place: ChannelReference): string {
    return this.messages(place)
      .map(({ author, text }) => `${author}: ${text}`)
      .join('\n');
  }

  /** What a message read at each moment. */
  history(messageId: string): readonly Reading[] {
    return this.state.message(messageId).readings;
  }

  /** The calls of one route so far, such as `PATCH`, `/channels/:channel`. */
  callsOf(method: string, route: string): Call[] {
    return this.calls.filter((call) => call.method === method && call.route === route);
  }

  get calls(): readonly Call[] {
    return this.#history.calls;
  }

  /** Whom the bot pinged. */
  get pings(): readonly Ping[] {
    return this.#history.pings;
  }

  /** The previews that stood under what the bot wrote. */
  get linkEmbeds(): readonly LinkEmbed[] {
    return this.#history.linkEmbeds;
  }

  /** The calls that a rate limit refused, without those refused because a test asked for it. */
  get rateLimited(): readonly RateLimited[] {
    return this.#history.rateLimited;
  }

  /** Answers of 401, 403 and 429 so far. */
  get invalidRequests(): number {
    return this.#history.invalidRequests;
  }

  /**
   * Resolves to the first value that is neither undefined, null nor false, looked at whenever
   * something happened here. Throws when that took longer than `timeoutMs`.
   */
  until<T>(predicate: () => T, timeoutMs = 10_000): Promise<Exclude<T, undefined | null | false>> {
    return this.#watch.until(predicate, timeoutMs);
  }

  async stop(): Promise<void> {
    this.#api.stop();
    await this.gateway.stop();
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  #actor(user: User): Person {
    return new Person(user, this.state, this.#actions);
  }

  #named(name: string, kind: 'bot' | 'webhook'): User | undefined {
    return [...this.state.users.values()].find((user) => user.username === name && user[kind]);
  }

  #newcomer(name: string, options: { bot?: boolean }): User {
    const user = this.state.addUser(name, options);
    this.state.guild().join(user);
    return user;
  }
}

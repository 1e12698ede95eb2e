import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Administrator } from './administrator.ts';
import { EventPublisher } from './events/event-publisher.ts';
import { EventDelivery, type Delivery } from './events/event-delivery.ts';
import { HttpEvents } from './events/http-events.ts';
import { app } from './events/payloads.ts';
import { SocketMode } from './events/socket-mode.ts';
import { type Fault, Faults } from './faults.ts';
import { type Call, ActivityRecord } from './activity-record.ts';
import { Limits } from './limits.ts';
import type { Message } from './message.ts';
import { type Settings, type SlackFakeOptions, settingsOf } from './options.ts';
import { Person } from './person.ts';
import { ConditionWaiter } from '../condition-waiter.ts';
import { type Credentials, WebApi } from './web-api.ts';
import { type Shown, Workspace } from './workspace.ts';

/**
 * A Slack that real Bolt talks to: Web API, Socket Mode and signed HTTP events, with the sizes,
 * errors and rate limits of the real one, faults on demand, and a record of what people saw.
 */
export class SlackFake {
  /** Can be changed at any time. */
  readonly settings: Settings;
  readonly limits: Limits;
  /** All that happened. */
  readonly activity: ActivityRecord;
  /** Events on their way to the app. */
  readonly events: EventDelivery;
  readonly sockets: SocketMode;
  readonly appToken: string;
  readonly #server: Server;
  readonly #workspaces = new Map<string, Workspace>();
  readonly #credentials: Credentials;
  readonly #publisher: EventPublisher;
  readonly #faults = new Faults();
  readonly #watch = new ConditionWaiter();
  #httpEvents: HttpEvents | undefined;

  constructor(options: SlackFakeOptions) {
    this.settings = settingsOf(options);
    this.limits = new Limits(options.limits ?? {});
    this.activity = new ActivityRecord(this.#watch);
    this.sockets = new SocketMode(this.settings, this.#watch);
    this.events = new EventDelivery(this.sockets, this.settings, this.#watch);
    this.#publisher = new EventPublisher(this.events, this.settings);
    for (const workspace of options.workspaces ?? [{ id: 'T1' }]) {
      this.#workspaces.set(workspace.id, new Workspace(workspace, this.settings));
    }
    const { appToken = 'xapp-1-A0PARLEY-fake' } = options;
    this.appToken = appToken;
    this.#credentials = { workspaces: this.#workspaces, appToken, appTokenError: undefined };
    this.#server = createServer((request, response) => void api.handle(request, response));
    // Else a call may run into the end of a connection that was idle for Node's usual 5 s.
    this.#server.keepAliveTimeout = 60_000;
    this.#server.on('upgrade', (request, socket, head) => {
      this.sockets.upgrade(request, socket, head);
    });
    const { settings, activity, sockets } = this;
    const hostOf = (): string => this.host;
    const api = new WebApi({
      world: {
        settings,
        history: activity,
        sockets,
        publisher: this.#publisher,
        get host() {
          return hostOf();
        },
        get socketUrl() {
          return options.socketUrl ?? `ws://${hostOf()}`;
        },
      },
      credentials: this.#credentials,
      limits: this.limits,
      faults: this.#faults,
    });
  }

  async listen(port: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, '127.0.0.1', resolve);
    });
  }

  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** For `SLACK_API_URL` and `slackApiUrl`. */
  get apiUrl(): string {
    return `http://${this.host}/api/`;
  }

  /** The bot's token in the first workspace. */
  get botToken(): string {
    return this.workspace().token;
  }

  /** The first workspace by default; throws if there is none with this id. */
  workspace(id?: string): Workspace {
    const [first] = this.#workspaces.values();
    const workspace = id === undefined ? first : this.#workspaces.get(id);
    if (workspace === undefined) throw new Error(`no workspace ${id ?? ''}`);
    return workspace;
  }

  person(id: string, team?: string): Person {
    const workspace = this.workspace(team);
    const user = workspace.users.get(id);
    if (user === undefined) throw new Error(`no user ${id} in ${workspace.id}`);
    return new Person(user, workspace, this.#publisher);
  }

  message(channel: string, ts: string, team?: string): Message {
    return this.workspace(team).message(channel, ts);
  }

  /** What a person sees in a thread now, its root first. */
  thread(channel: string, rootTs: string, team?: string): Shown[] {
    return this.workspace(team).thread(channel, rootTs);
  }

  /** What a person sees in a channel now, without the replies in threads. */
  timeline(channel: string, team?: string): Shown[] {
    return this.workspace(team).timeline(channel);
  }

  /** What stands under a thread while the bot is working; empty if nothing does. */
  status(channel: string, threadTs: string, team?: string): string {
    const { id } = this.workspace(team);
    return this.activity.currentStatus(id, channel, threadTs, this.settings.statusLastsMs);
  }

  /** The calls of a method so far, or all of them. */
  calls(method?: string): Call[] {
    return this.activity.calls.filter((call) => method === undefined || call.method === method);
  }

  /** The calls that a rate limit refused, without those refused because a test asked for it. */
  rateLimited(method?: string): Call[] {
    return this.calls(method).filter(
      ({ outcome, injected }) => outcome === 'ratelimited' && !injected,
    );
  }

  get violations() {
    return this.activity.violations;
  }

  /** How many Socket Mode connections are open. */
  get connections(): number {
    return this.sockets.open;
  }

  /** Every event so far, of one type or of all. */
  deliveries(type?: string): Delivery[] {
    return this.events.deliveries.filter(
      (delivery) => type === undefined || delivery.type === type,
    );
  }

  /** Lets the next call of a method (`*` for any) go wrong; returns what ends it. */
  fail(
    method: string,
    fault: Fault,
    options?: { times?: number; when?: (call: Call) => boolean },
  ): () => void {
    return this.#faults.plan(method, fault, options);
  }

  /** Sends events as signed requests from now on, to several URLs in turn. */
  deliverTo(url: string | [string, ...string[]], signingSecret: string, skewMs = 0): void {
    const urls: [string, ...string[]] = typeof url === 'string' ? [url] : url;
    this.#httpEvents = new HttpEvents({ urls, signingSecret, skewMs });
    this.events.transport = this.#httpEvents;
  }

  /** Whether the URL answers Slack's challenge, as it must before Slack sends anything there. */
  async verifyUrl(): Promise<boolean> {
    if (this.#httpEvents === undefined) throw new Error('call deliverTo first');
    return this.#httpEvents.verify(app.verificationToken);
  }

  /** What Slack itself, or an administrator, does in a workspace. */
  admin(team?: string): Administrator {
    return new Administrator(this.workspace(team), this.#publisher, this.events);
  }

  /** What Slack says to the app's own token from now on; undefined makes it good again. */
  refusesAppToken(error: string | undefined): void {
    this.#credentials.appTokenError = error;
  }

  /**
   * Resolves to the first value that is neither undefined, null nor false, looked at whenever
   * something happened here. Throws when that took longer than `timeoutMs`.
   */
  until<T>(predicate: () => T, timeoutMs = 10_000): Promise<Exclude<T, undefined | null | false>> {
    return this.#watch.until(predicate, timeoutMs);
  }

  async close(): Promise<void> {
    this.events.close();
    this.sockets.close();
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }
}

/** Starts a fake Slack on a free port of 127.0.0.1. */
export async function startSlackFake(options: SlackFakeOptions = {}): Promise<SlackFake> {
  const fake = new SlackFake(options);
  await fake.listen(0);
  return fake;
}

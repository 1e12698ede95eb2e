import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import { type CoreOptions, createCore } from '../../src/core/core.ts';
import type { Dispatcher } from '../../src/core/dispatcher.ts';
import type { Store } from '../../src/core/ports/store.ts';
import {
  slackPlatform,
  type SlackPlatform,
  type SlackPlatformOptions,
} from '../../src/platforms/slack/slack-platform.ts';
import { wantedScopes } from '../../src/platforms/slack/workspace.ts';
import { createServer, type HttpServer } from '../../src/server/http-server.ts';
import { openSqliteStore } from '../../src/stores/sqlite/sqlite-store.ts';
import { readableLog } from '../fakes/log.ts';
import { ScriptedModel, type Writing } from '../fakes/model.ts';
import type { Message } from '../fakes/slack/message.ts';
import type { SlackFakeOptions } from '../fakes/slack/options.ts';
import { type SlackFake, startSlackFake } from '../fakes/slack/slack-fake.ts';
import { itInWorldsOf } from './worlds.ts';

export type TransportName = 'socket' | 'http';

/** The ways in which events come in: people must not see which one it is. */
export const transports: readonly TransportName[] = ['socket', 'http'];

export const signingSecret = 'a signing secret';

/** What slack-manifest.yaml asks for. */
export const scopes = [...wantedScopes, 'files:read'];

interface WorldOptions {
  readonly transport?: TransportName;
  readonly fake?: SlackFakeOptions;
  readonly platform?: Partial<SlackPlatformOptions>;
  readonly mostOpen?: number;
  readonly bots?: CoreOptions['bots'];
}

/** A question that the model is asked. */
export interface Asked {
  /** The thread's first message. */
  readonly root: Message;
  readonly writing: Writing;
}

/** Parley's real parts between a fake Slack and a model in the test's hands. */
export class SlackWorld {
  readonly fake: SlackFake;
  folder = mkdtempSync(join(tmpdir(), 'parley-slack-'));
  readonly log = readableLog();
  model = new ScriptedModel();
  store!: Store;
  platform!: SlackPlatform;
  dispatcher!: Dispatcher;
  /** Where Slack's requests come in. */
  eventsUrl = '';
  /** Changes the store that the next `start` uses. */
  wrapStore: (store: Store) => Store = (store) => store;
  readonly #options: WorldOptions;
  #server: HttpServer | undefined;

  private constructor(fake: SlackFake, options: WorldOptions) {
    this.fake = fake;
    this.#options = options;
  }

  /** A world in which Parley runs. */
  static async begin(options: WorldOptions = {}): Promise<SlackWorld> {
    const world = await SlackWorld.prepare(options);
    await world.start();
    return world;
  }

  /** A world in which Parley does not run yet. */
  static async prepare(options: WorldOptions = {}): Promise<SlackWorld> {
    const fake = await startSlackFake({ workspaces: [{ id: 'T1', scopes }], ...options.fake });
    return new SlackWorld(fake, options);
  }

  async start(): Promise<void> {
    const { log, fake } = this;
    const isHttp = this.#options.transport === 'http';
    this.store = this.wrapStore(await openSqliteStore({ folder: this.folder, retentionMs: 1e12 }));
    this.platform = slackPlatform({
      token: fake.botToken,
      transport: isHttp
        ? { kind: 'http', signingSecret }
        : { kind: 'socket', appToken: fake.appToken },
      apiUrl: fake.apiUrl,
      store: this.store,
      log,
      ...this.#options.platform,
    });
    const { mostOpen, bots } = this.#options;
    const { inbox, dispatcher } = createCore({
      store: this.store,
      model: this.model,
      platforms: [this.platform],
      instructions: () => 'Be brief.',
      bounds: {
        maxAttempts: 3,
        maxTurnMs: 60_000,
        maxReplyChars: 50_000,
        maxQuestionAgeMs: 3_600_000,
        historyTokens: 4_000,
      },
      concurrency: 50,
      ...(mostOpen === undefined ? {} : { mostOpen }),
      ...(bots === undefined ? {} : { bots }),
      lease: { owner: 'test', leaseMs: 30_000 },
      log,
    });
    this.dispatcher = dispatcher;
    const before = this.readings;
    if (isHttp) await this.#serve();
    await this.platform.start(inbox);
    this.dispatcher.start();
    if (!isHttp) await fake.until(() => fake.connections === 2);
    // What is read again at the start is over before anything else happens.
    await vi.waitFor(() => expect(this.readings).toBeGreaterThan(before), { timeout: 5_000 });
  }

  async stop(drainMs = 0): Promise<void> {
    await this.platform.pause();
    await this.dispatcher.drain(drainMs);
    await this.platform.close();
    await this.#server?.close();
    await this.store.close();
  }

  /** A new process on the same folder, with a model that knows nothing of the last one. */
  async restart(): Promise<void> {
    await this.stop();
    this.model = new ScriptedModel();
    await this.start();
  }

  /** Ends it all, and looks whether anything was done that must never be done. */
  async end(): Promise<void> {
    await this.stop();
    await this.fake.close();
    rmSync(this.folder, { recursive: true, force: true });
    const { violations, history } = this.fake;
    expect(this.openStreams()).toEqual([]);
    expect(violations).toEqual([]);
    expect(history.notifications).toEqual([]);
    expect(history.unfurls).toEqual([]);
    expect(this.fake.rateLimited()).toEqual([]);
  }

  /** The model answers each question at once. */
  answering(answer: (question: string) => string = (question) => `Answer to: ${question}`): this {
    this.model.onRequest = (writing) => writing.write(answer(writing.question)).end();
    return this;
  }

  /** Ann asks in a channel; resolves once the model is asked, which is for the test to answer. */
  async ask(text = 'go on', channel = 'C1'): Promise<Asked> {
    const { fake, model } = this;
    const before = model.writings.length;
    const root = fake.person('U1').mentions(channel, text);
    return { root, writing: await fake.until(() => model.writings[before]) };
  }

  /** As `ask`; resolves once people read the first words of the reply. */
  async askAndRead(words: string): Promise<Asked> {
    const asked = await this.ask();
    asked.writing.write(words);
    await this.fake.until(() => this.replies('C1', asked.root.ts)[0] === words);
    return asked;
  }

  /** The message at this place of a thread, from 0 behind its first one, once Slack has it. */
  posted(root: Message, at = 0): Promise<Message> {
    const { fake } = this;
    return fake.until(() => fake.workspace().channel(root.channel).replies(root.ts)[at]);
  }

  /** Ann calls the bot into Ben's thread; resolves to its first message once she is answered. */
  async callIn(): Promise<Message> {
    const root = this.fake.person('U2').posts('C1', 'we talk');
    this.fake.person('U1').mentions('C1', 'join us', { thread_ts: root.ts });
    await this.turns(1);
    return root;
  }

  /** Resolves once so many turns are done, and nothing is under way any more. */
  async turns(count: number, timeoutMs = 10_000): Promise<void> {
    await vi.waitFor(
      () => {
        const done = this.logged('turn done');
        if (done.length < count || this.dispatcher.running > 0) {
          throw new Error(`${done.length} of ${count} turns done`);
        }
      },
      { timeout: timeoutMs, interval: 5 },
    );
  }

  logged(event: string): readonly Record<string, unknown>[] {
    return this.log.events.filter((one) => one.event === event).map(({ fields }) => fields);
  }

  /** How often channels were read again so far. */
  get readings(): number {
    return (
      this.logged('slack read again').length +
      this.logged('what was missed in Slack is not known').length
    );
  }

  /** What the bot's messages in a thread read, in order. */
  replies(channel: string, root: string): string[] {
    return this.fake
      .thread(channel, root)
      .filter(({ author }) => author === 'Parley')
      .map(({ text }) => text);
  }

  /** What the bot's messages outside of threads read, in order. */
  said(channel: string): string[] {
    return this.fake
      .timeline(channel)
      .filter(({ author }) => author === 'Parley')
      .map(({ text }) => text);
  }

  /** What the streams read that nobody has ended. */
  openStreams(): string[] {
    return [...this.fake.workspace().channels.values()]
      .flatMap(({ everything }) => [...everything.values()])
      .filter(({ stream, deletedAt }) => stream?.state === 'open' && deletedAt === undefined)
      .filter(
        ({ stream }) => performance.now() - stream!.startedAt < this.fake.settings.streamLastsMs,
      )
      .map(({ text }) => text);
  }

  /** Resolves once Slack got an answer for all that it delivered. */
  async delivered(): Promise<void> {
    // On a busy machine it takes several of Slack's tries.
    await this.fake.until(
      () => this.fake.deliveries().every(({ acked, lost }) => acked || lost),
      30_000,
    );
  }

  async #serve(): Promise<void> {
    const { http } = this.platform;
    if (http === undefined) throw new Error('the platform takes no requests');
    const health = { check: () => Promise.resolve() };
    this.#server = createServer({ host: '127.0.0.1', port: 0, log: this.log, health });
    this.#server.mountListener(http.path, http.listener);
    const { port } = await this.#server.listen();
    this.eventsUrl = `http://127.0.0.1:${port}${http.path}`;
    this.fake.deliverTo(this.eventsUrl, signingSecret);
  }
}

export const itInWorlds = itInWorldsOf((options?: WorldOptions) => SlackWorld.prepare(options));

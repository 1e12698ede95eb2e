import { expect, vi } from 'vitest';
import type { CoreOptions } from '../../src/core/create-core.ts';
import {
  slackPlatform,
  type SlackPlatform,
  type SlackPlatformOptions,
} from '../../src/platforms/slack/slack-platform.ts';
import { requiredScopes } from '../../src/platforms/slack/api/identify-bot.ts';
import { createServer, type HttpServer } from '../../src/server/http-server.ts';
import type { ScriptedAnswer } from '../fakes/scripted-model.ts';
import type { Message } from '../fakes/slack/message.ts';
import type { SlackFakeOptions } from '../fakes/slack/options.ts';
import { type SlackFake, startSlackFake } from '../fakes/slack/slack-fake.ts';
import { type CoreOverrides, coreOverridesOf, itWithWorlds, World } from './world.ts';

export type TransportName = 'socket' | 'http';

/** The ways in which events come in: people must not see which one it is. */
export const transports: readonly TransportName[] = ['socket', 'http'];

export const signingSecret = 'a signing secret';

/** What slack-manifest.yaml asks for. */
export const scopes = [...requiredScopes, 'files:read'];

interface WorldOptions extends CoreOverrides {
  readonly transport?: TransportName;
  readonly fake?: SlackFakeOptions;
  readonly platform?: Partial<SlackPlatformOptions>;
}

/** A question that the model is asked. */
export interface Asked {
  /** The thread's first message. */
  readonly root: Message;
  readonly writing: ScriptedAnswer;
}

/** Parley's real parts between a fake Slack and a model in the test's hands. */
export class SlackWorld extends World<SlackPlatform> {
  readonly fake: SlackFake;
  /** Where Slack's requests come in. */
  eventsUrl = '';
  readonly #options: WorldOptions;
  #server: HttpServer | undefined;

  private constructor(fake: SlackFake, options: WorldOptions) {
    super('parley-slack-');
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

  override async start(): Promise<void> {
    const before = this.readings;
    await super.start();
    if (this.platform.http === undefined) await this.fake.until(() => this.fake.connections === 2);
    // What is read again at the start is over before anything else happens.
    await vi.waitFor(() => expect(this.readings).toBeGreaterThan(before), { timeout: 20_000 });
  }

  protected async openPlatform(): Promise<SlackPlatform> {
    const { log, fake, store } = this;
    const platform = slackPlatform({
      token: fake.botToken,
      transport:
        this.#options.transport === 'http'
          ? { kind: 'http', signingSecret }
          : { kind: 'socket', appToken: fake.appToken },
      apiUrl: fake.apiUrl,
      store,
      log,
      ...this.#options.platform,
    });
    await this.#serve(platform);
    return platform;
  }

  protected override get core(): Partial<CoreOptions> {
    return coreOverridesOf(this.#options);
  }

  protected override async closeOthers(): Promise<void> {
    await this.#server?.close();
  }

  /** Ends it all, and looks whether anything was done that must never be done. */
  override async end(): Promise<void> {
    await super.end();
    await this.fake.close();
    const { violations, activity } = this.fake;
    expect(this.openStreams()).toEqual([]);
    expect(violations).toEqual([]);
    expect(activity.notifications).toEqual([]);
    expect(activity.unfurls).toEqual([]);
    expect(this.fake.rateLimited()).toEqual([]);
  }

  /** Ann asks in a channel; resolves once the model is asked, which is for the test to answer. */
  async ask(text = 'go on', channel = 'C1'): Promise<Asked> {
    const { fake, model } = this;
    const before = model.answers.length;
    const root = fake.person('U1').mentions(channel, text);
    return { root, writing: await fake.until(() => model.answers[before]) };
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
    await this.turnsDone(1);
    return root;
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
  botTexts(channel: string): string[] {
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

  async #serve({ http }: SlackPlatform): Promise<void> {
    if (http === undefined) return;
    const health = { check: () => Promise.resolve() };
    this.#server = createServer({ host: '127.0.0.1', port: 0, log: this.log, health });
    this.#server.mountListener(http.path, http.listener);
    const { port } = await this.#server.listen();
    this.eventsUrl = `http://127.0.0.1:${port}${http.path}`;
    this.fake.deliverTo(this.eventsUrl, signingSecret);
  }
}

export const itInWorlds = itWithWorlds((options?: WorldOptions) => SlackWorld.prepare(options));

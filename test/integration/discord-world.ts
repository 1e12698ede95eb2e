import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { createCore } from '../../src/core/core.ts';
import type { Dispatcher } from '../../src/core/dispatcher.ts';
import type { Platform } from '../../src/core/ports/platform.ts';
import type { Store } from '../../src/core/ports/store.ts';
import {
  discordPlatform,
  type DiscordPlatformOptions,
} from '../../src/platforms/discord/discord-platform.ts';
import { openSqliteStore } from '../../src/stores/sqlite/sqlite-store.ts';
import { DiscordFake, type Shown } from '../fakes/discord/discord-fake.ts';
import type { Message } from '../fakes/discord/message.ts';
import type { DiscordFakeOptions } from '../fakes/discord/options.ts';
import type { Place } from '../fakes/discord/world.ts';
import { readableLog } from '../fakes/log.ts';
import { ScriptedModel, type Writing } from '../fakes/model.ts';

export interface WorldOptions {
  readonly fake?: DiscordFakeOptions;
  readonly platform?: Partial<DiscordPlatformOptions>;
  readonly mostOpen?: number;
}

/** Parley's real parts, with the real discord.js, between a fake Discord and a model. */
export class DiscordWorld {
  readonly fake: DiscordFake;
  readonly folder = mkdtempSync(join(tmpdir(), 'parley-discord-'));
  readonly log = readableLog();
  readonly fatal: Error[] = [];
  model = new ScriptedModel();
  store!: Store;
  platform!: Platform;
  dispatcher!: Dispatcher;
  /** Changes the store that the next `start` uses. */
  wrapStore: (store: Store) => Store = (store) => store;
  /** What a test allows the bot to have done. */
  readonly allowed = { foretold: false, wrong: false };
  readonly #options: WorldOptions;
  #running = false;

  private constructor(fake: DiscordFake, options: WorldOptions) {
    this.fake = fake;
    this.#options = options;
  }

  /** A world in which Parley does not run yet. */
  static async prepare(options: WorldOptions = {}): Promise<DiscordWorld> {
    // Identifying again is allowed at once, so that no test waits for Discord's 5 s.
    const gateway = { identifyEveryMs: 0, ...options.fake?.gateway };
    return new DiscordWorld(await DiscordFake.start({ ...options.fake, gateway }), options);
  }

  async start(): Promise<void> {
    const { log, fake } = this;
    this.store = this.wrapStore(await openSqliteStore({ folder: this.folder, retentionMs: 1e12 }));
    this.platform = discordPlatform({
      token: fake.gateway.token,
      apiUrl: fake.apiUrl,
      store: this.store,
      lease: { owner: 'test', leaseMs: 10_000 },
      log,
      onFatal: (error) => this.fatal.push(error),
      identifyEveryMs: 0,
      ...this.#options.platform,
    });
    const { mostOpen } = this.#options;
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
      lease: { owner: 'test', leaseMs: 30_000 },
      log,
    });
    this.dispatcher = dispatcher;
    this.#running = true;
    await this.platform.start(inbox);
    this.dispatcher.start();
  }

  async stop(drainMs = 0): Promise<void> {
    if (!this.#running) return;
    this.#running = false;
    await this.platform.pause();
    await this.dispatcher.drain(drainMs);
    await this.platform.close();
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
    await this.fake.stop();
    rmSync(this.folder, { recursive: true, force: true });
    const { pings, linkEmbeds, rateLimited } = this.fake;
    expect(pings).toEqual([]);
    expect(linkEmbeds).toEqual([]);
    if (!this.allowed.foretold) expect(rateLimited.filter(({ foretold }) => foretold)).toEqual([]);
    const { calls } = this.fake;
    const written = calls.filter(
      ({ method, path }) => method !== 'GET' && /\/messages(\/\d+)?$/.test(path),
    );
    const wrong = written.filter(({ status, injected }) => status === 400 && !injected);
    if (!this.allowed.wrong) expect(wrong).toEqual([]);
    for (const { body } of written.filter(({ method }) => method !== 'DELETE')) {
      const quiet = { allowed_mentions: { parse: [], replied_user: false }, flags: 1 << 2 };
      expect(body).toMatchObject(quiet);
    }
  }

  /** The model answers each question at once. */
  answering(answer: (question: string) => string = (question) => `Answer to: ${question}`): this {
    this.model.onRequest = (writing) => writing.write(answer(writing.question)).end();
    return this;
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

  /** The model's `count`-th answer, once it is asked for it. */
  async asked(count: number): Promise<Writing> {
    return vi.waitFor(
      () => {
        const writing = this.model.writings[count - 1];
        if (writing === undefined) throw new Error(`the model was not asked ${count} times`);
        return writing;
      },
      { timeout: 10_000, interval: 5 },
    );
  }

  logged(event: string): readonly Record<string, unknown>[] {
    return this.log.events.filter((one) => one.event === event).map(({ fields }) => fields);
  }

  /** What the bot's messages in the thread of a question read, in order. */
  replies(question: Message): string[] {
    const thread = this.fake.thread(question);
    return thread === undefined ? [] : this.said(thread);
  }

  /** What the bot's messages in a channel or thread read, in order. */
  said(place: Place): string[] {
    return this.shown(place).map(({ text }) => text);
  }

  shown(place: Place): Shown[] {
    return this.fake.messages(place).filter(({ author }) => author === 'Parley');
  }

  /** What the model was given for its latest answer, the question last. */
  get prompt(): string[] {
    return this.model.writings.at(-1)?.request.messages.map(({ text }) => text) ?? [];
  }
}

interface Worlds {
  /** A world in which Parley runs. */
  begin(options?: WorldOptions): Promise<DiscordWorld>;
  /** A world in which Parley does not run yet. */
  prepare(options?: WorldOptions): Promise<DiscordWorld>;
}

/** `it` for tests that run beside each other: their worlds end with them. */
export const itInWorlds = it.extend<{ worlds: Worlds }>({
  // oxlint-disable-next-line no-empty-pattern -- vitest reads from it what a fixture depends on
  worlds: async ({}, use) => {
    const begun: DiscordWorld[] = [];
    const prepare = async (options?: WorldOptions): Promise<DiscordWorld> => {
      const world = await DiscordWorld.prepare(options);
      begun.push(world);
      return world;
    };
    await use({
      prepare,
      async begin(options) {
        const world = await prepare(options);
        await world.start();
        return world;
      },
    });
    for (const world of begun) await world.end();
  },
});

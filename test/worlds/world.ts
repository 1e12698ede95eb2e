import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it, vi } from 'vitest';
import { type CoreOptions, createCore } from '../../src/core/create-core.ts';
import type { Dispatcher } from '../../src/core/turns/dispatcher.ts';
import type { Platform } from '../../src/core/ports/platform.ts';
import type { Secrets, Store } from '../../src/core/ports/store.ts';
import { openSqliteStore } from '../../src/stores/sqlite/sqlite-store.ts';
import { recordingLog } from '../fakes/recording-log.ts';
import { ScriptedModel, type ScriptedAnswer } from '../fakes/scripted-model.ts';

export const turnLimits: CoreOptions['limits'] = {
  maxAttempts: 3,
  maxTurnMs: 60_000,
  maxReplyChars: 50_000,
  maxQuestionAgeMs: 3_600_000,
  historyTokens: 4_000,
};

/** Settings of the core that a test may choose. */
export type CoreOverrides = Pick<CoreOptions, 'mostOpen' | 'bots' | 'longAnswerMs'>;

/** Those of some options that are the core's, without those that are not given. */
export function coreOverridesOf({ mostOpen, bots, longAnswerMs }: CoreOverrides): CoreOverrides {
  return {
    ...(mostOpen === undefined ? {} : { mostOpen }),
    ...(bots === undefined ? {} : { bots }),
    ...(longAnswerMs === undefined ? {} : { longAnswerMs }),
  };
}

/** Parley's real parts between a platform and a model in the test's hands. */
export abstract class World<P extends Platform> {
  folder: string;
  readonly log = recordingLog();
  model = new ScriptedModel();
  store!: Store;
  platform!: P;
  secrets!: Secrets;
  dispatcher!: Dispatcher;
  /** How many pages of 4 KiB the next `start`'s store may grow to; unlimited by default. */
  maxPages: number | undefined;
  /** Changes the store that the next `start` uses. */
  wrapStore: (store: Store) => Store = (store) => store;
  readonly #made: string;
  #running = false;

  /** @param name of its folder, such as `parley-discord-` */
  constructor(name: string) {
    this.#made = mkdtempSync(join(tmpdir(), name));
    this.folder = this.#made;
  }

  /** The platform for the next `start`, with what events need to come in. */
  protected abstract openPlatform(): P | Promise<P>;

  /** What the core does in another way here. */
  protected get core(): Partial<CoreOptions> {
    return {};
  }

  /** Lets go of what `open` made beside the platform. */
  protected async closeOthers(): Promise<void> {}

  async start(): Promise<void> {
    const { log, folder, maxPages } = this;
    const room = maxPages === undefined ? {} : { maxPages };
    const opened = await openSqliteStore({ folder, retentionMs: 1e12, ...room });
    this.secrets = opened.secrets;
    this.store = this.wrapStore(opened);
    this.platform = await this.openPlatform();
    const { inbox, dispatcher } = createCore({
      store: this.store,
      model: this.model,
      platforms: [this.platform],
      instructions: () => 'Be brief.',
      limits: turnLimits,
      concurrency: 50,
      lease: { owner: 'test', leaseMs: 30_000 },
      log,
      ...this.core,
    });
    this.dispatcher = dispatcher;
    this.#running = true;
    await this.platform.start(inbox);
    this.dispatcher.start();
  }

  /** What is being answered after `drainMs` is left for the next start. */
  async stop(drainMs = 0): Promise<void> {
    if (!this.#running) return;
    this.#running = false;
    this.dispatcher.stopClaiming();
    await this.platform.stopReceiving();
    await this.dispatcher.drain(drainMs);
    await this.platform.close();
    await this.closeOthers();
    await this.store.close();
  }

  /** A new process on the same folder, with a model that knows nothing of the last one. */
  async restart(): Promise<void> {
    await this.stop();
    this.model = new ScriptedModel();
    await this.start();
  }

  /** Ends it all. */
  async end(): Promise<void> {
    await this.stop();
    rmSync(this.#made, { recursive: true, force: true });
  }

  /** The model answers each question at once. */
  answerEverything(
    answer: (question: string) => string = (question) => `Answer to: ${question}`,
  ): this {
    this.model.onRequest = (writing) => writing.write(answer(writing.question)).end();
    return this;
  }

  /** Resolves once so many turns are done, and nothing is under way any more. */
  async turnsDone(count: number, timeoutMs = 10_000): Promise<void> {
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
  async modelAsked(count: number): Promise<ScriptedAnswer> {
    return vi.waitFor(
      () => {
        const writing = this.model.answers[count - 1];
        if (writing === undefined) throw new Error(`the model was not asked ${count} times`);
        return writing;
      },
      { timeout: 10_000, interval: 5 },
    );
  }

  logged(event: string): readonly Record<string, unknown>[] {
    return this.log.events.filter((one) => one.event === event).map(({ fields }) => fields);
  }
}

interface Worlds<W, Options> {
  /** A world in which Parley runs. */
  begin(options?: Options): Promise<W>;
  /** A world in which Parley does not run yet. */
  prepare(options?: Options): Promise<W>;
}

/** `it` for tests that run beside each other: their worlds end with them. */
export function itWithWorlds<W extends { start(): Promise<void>; end(): Promise<void> }, Options>(
  prepareOne: (options?: Options) => Promise<W>,
) {
  return it.extend<{ worlds: Worlds<W, Options> }>({
    // oxlint-disable-next-line no-empty-pattern -- vitest reads from it what a fixture depends on
    worlds: async ({}, use) => {
      const begun: W[] = [];
      const prepare = async (options?: Options): Promise<W> => {
        const world = await prepareOne(options);
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
}

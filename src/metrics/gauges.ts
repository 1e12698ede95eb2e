import { Gauge, type Registry } from 'prom-client';
import type { Log } from '../core/ports/log.ts';
import type { CoreLoad } from '../core/ports/metrics.ts';
import type { Platform } from '../core/ports/platform.ts';
import { withDeadline } from '../core/timing.ts';
import type { QueueDepth, Store } from '../core/ports/store.ts';

/** Where the figures come from that are looked up when somebody asks. */
export interface GaugeSources {
  readonly store: StoreProbeOptions['store'];
  readonly load: () => CoreLoad;
  readonly platforms: readonly Pick<Platform, 'name' | 'state'>[];
}

export interface GaugesOptions extends GaugeSources {
  readonly registry: Registry;
  /** Milliseconds, by platform. */
  readonly oldestUnseenMs: () => ReadonlyMap<string, number>;
  /** How many questions could not be stored so far. */
  readonly refusedByStore: () => number;
  readonly log: Log;
}

/** Figures of one moment: each is looked up when it is scraped, and at no other time. */
export function registerGauges(options: GaugesOptions): void {
  const { registry, store, load, platforms, oldestUnseenMs, log } = options;
  const watch = new StoreProbe({ store, refusedCount: options.refusedByStore, log });

  /** Absent while there is nothing to tell. */
  function single(
    name: string,
    help: string,
    look: () => number | undefined | Promise<number | undefined>,
  ): void {
    const gauge: Gauge = new Gauge({
      name,
      help,
      registers: [registry],
      async collect() {
        const value = await look();
        if (value === undefined) gauge.remove();
        else gauge.set(value);
      },
    });
  }

  function byPlatform(name: string, help: string, look: () => Iterable<[string, number]>): void {
    const gauge: Gauge<'platform'> = new Gauge({
      name,
      help,
      labelNames: ['platform'],
      registers: [registry],
      collect() {
        gauge.reset();
        for (const [platform, value] of look()) gauge.set({ platform }, value);
      },
    });
  }

  single('parley_model_answers_writing', 'Answers that are being written here.', () => {
    return load().writing;
  });
  single('parley_model_answers_waiting', 'Questions in line for the model here.', () => {
    return load().inLine;
  });
  single('parley_conversations_active', 'Conversations that are worked on here.', () => {
    return load().conversations;
  });
  single('parley_leases_held', 'Turns whose lease is held here.', () => load().leases);

  single('parley_paused', '1 while an operator lets nothing new be begun, else 0.', () => {
    return load().paused ? 1 : 0;
  });

  single(
    'parley_store_up',
    '1 if the store can be read and keeps questions, else 0; 0 once after each that it did not keep.',
    async () => ((await watch.state()).up ? 1 : 0),
  );
  single(
    'parley_inbox_waiting',
    'Conversations with questions that nobody works on, in the whole store.',
    async () => (await watch.state()).depth?.waiting,
  );
  single(
    'parley_inbox_running',
    'Conversations that somebody works on, in the whole store.',
    async () => (await watch.state()).depth?.running,
  );
  single(
    'parley_inbox_oldest_seconds',
    'How long the oldest question has waited that nobody works on; 0 without any.',
    async () => {
      const { depth } = await watch.state();
      return depth && (depth.oldestWaitMs ?? 0) / 1_000;
    },
  );

  byPlatform('parley_up', '1 while a platform is heard, here or by another instance.', () =>
    platforms.map(({ name, state }): [string, number] => [name, state?.().up === false ? 0 : 1]),
  );
  byPlatform(
    'parley_listener',
    '1 if this instance is the one that listens to a platform where only one may, else 0.',
    () =>
      platforms.flatMap(({ name, state }): [string, number][] => {
        const listens = state?.().listens;
        return listens === undefined ? [] : [[name, listens ? 1 : 0]];
      }),
  );
  byPlatform(
    'parley_unseen_text_oldest_seconds',
    'Age of the oldest text that people cannot see yet.',
    () => {
      const oldest = oldestUnseenMs();
      return platforms.map(({ name }): [string, number] => [name, (oldest.get(name) ?? 0) / 1_000]);
    },
  );
}

/** The store is asked at most once in this time, however often it is scraped, in milliseconds. */
const askEveryMs = 5_000;
/** A store that hangs must not hang the scrape, in milliseconds. */
const deadlineMs = 2_000;

/** What is known of the store. */
export interface StoreState {
  /** It tells what waits in it, would keep a question, and has kept all since the look before. */
  readonly up: boolean;
  /** Absent while it does not tell. */
  readonly depth?: QueueDepth;
}

export interface StoreProbeOptions {
  readonly store: Pick<Store, 'queueDepth' | 'checkWritable'>;
  /** How many questions could not be stored so far. */
  readonly refusedCount: () => number;
  readonly log: Log;
}

/** Looks after the store, for whoever scrapes. */
export class StoreProbe {
  readonly #options: StoreProbeOptions;
  #askedAt = Number.NEGATIVE_INFINITY;
  #refused = 0;
  #answer: Promise<StoreState> = Promise.resolve({ up: false });

  constructor(options: StoreProbeOptions) {
    this.#options = options;
  }

  /**
   * As it was within the last 5 s, or since a question could not be stored: the first look after
   * that finds it down, whatever became of it meanwhile.
   */
  state(): Promise<StoreState> {
    const now = performance.now();
    const refused = this.#options.refusedCount();
    const hasRefused = refused !== this.#refused;
    if (hasRefused || now - this.#askedAt >= askEveryMs) {
      this.#askedAt = now;
      this.#refused = refused;
      this.#answer = this.#ask(hasRefused);
    }
    return this.#answer;
  }

  async #ask(hasRefused: boolean): Promise<StoreState> {
    const { store } = this.#options;
    const [depth, kept] = await Promise.all([
      this.#asked('queue depth not read', () => store.queueDepth()),
      // One that is full can still be read.
      this.#asked('store accepts no writes', () => store.checkWritable().then(() => true)),
    ]);
    const up = depth !== undefined && kept === true && !hasRefused;
    return { up, ...(depth === undefined ? {} : { depth }) };
  }

  /** Undefined if it failed. */
  async #asked<T>(event: string, step: () => Promise<T>): Promise<T | undefined> {
    try {
      return await withDeadline(deadlineMs, new AbortController().signal, step);
    } catch (error) {
      // Others warn of a store that is away; here it is a figure.
      this.#options.log.debug({ err: error }, event);
      return undefined;
    }
  }
}

import { Gauge, type Registry } from 'prom-client';
import type { Log } from '../core/ports/log.ts';
import type { CoreLoad } from '../core/ports/metrics.ts';
import type { Platform } from '../core/ports/platform.ts';
import { withDeadline } from '../core/timing.ts';
import type { QueueDepth, Store } from '../core/ports/store.ts';

/** Sources of the gauges, read at each scrape. */
export interface GaugeSources {
  readonly store: StoreProbeOptions['store'];
  readonly load: () => CoreLoad;
  readonly platforms: readonly Pick<Platform, 'name' | 'state'>[];
}

export interface GaugesOptions extends GaugeSources {
  readonly registry: Registry;
  /** Age of the oldest unseen text by platform, in ms. */
  readonly oldestUnseenMs: () => ReadonlyMap<string, number>;
  /** Number of questions that could not be stored so far. */
  readonly refusedByStore: () => number;
  readonly log: Log;
}

/** Registers the gauges, which read their sources at each scrape only. */
export function registerGauges(options: GaugesOptions): void {
  const { registry, store, load, platforms, oldestUnseenMs, log } = options;
  const probe = new StoreProbe({ store, refusedCount: options.refusedByStore, log });

  /** A gauge without labels; absent while its value is undefined. */
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
    async () => ((await probe.state()).up ? 1 : 0),
  );
  single(
    'parley_inbox_waiting',
    'Conversations with questions that nobody works on, in the whole store.',
    async () => (await probe.state()).depth?.waiting,
  );
  single(
    'parley_inbox_running',
    'Conversations that somebody works on, in the whole store.',
    async () => (await probe.state()).depth?.running,
  );
  single(
    'parley_inbox_oldest_seconds',
    'How long the oldest question has waited that nobody works on; 0 without any.',
    async () => {
      const { depth } = await probe.state();
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

/** Least time between two reads of the store, in ms, however often metrics are scraped. */
const readEveryMs = 5_000;
/** Deadline of a read, in ms, so that a hanging store does not hang the scrape. */
const deadlineMs = 2_000;

/** State of the store. */
export interface StoreState {
  /** Whether it can be read, accepts writes, and has refused no question since the last read. */
  readonly up: boolean;
  /** Absent while it cannot be read. */
  readonly depth?: QueueDepth;
}

export interface StoreProbeOptions {
  readonly store: Pick<Store, 'queueDepth' | 'checkWritable'>;
  /** Number of questions that could not be stored so far. */
  readonly refusedCount: () => number;
  readonly log: Log;
}

/** Cached state of the store for the gauges. */
export class StoreProbe {
  readonly #options: StoreProbeOptions;
  #readAt = Number.NEGATIVE_INFINITY;
  #lastRefused = 0;
  #state: Promise<StoreState> = Promise.resolve({ up: false });

  constructor(options: StoreProbeOptions) {
    this.#options = options;
  }

  /**
   * The state within the last 5 s. The first read after a question that could not be stored finds the
   * store down, even if it has recovered.
   */
  state(): Promise<StoreState> {
    const now = performance.now();
    const refused = this.#options.refusedCount();
    const hasRefused = refused !== this.#lastRefused;
    if (hasRefused || now - this.#readAt >= readEveryMs) {
      this.#readAt = now;
      this.#lastRefused = refused;
      this.#state = this.#read(hasRefused);
    }
    return this.#state;
  }

  async #read(hasRefused: boolean): Promise<StoreState> {
    const { store } = this.#options;
    const [depth, kept] = await Promise.all([
      this.#attempt('queue depth not read', () => store.queueDepth()),
      // A full store can still be read.
      this.#attempt('store accepts no writes', () => store.checkWritable().then(() => true)),
    ]);
    const up = depth !== undefined && kept === true && !hasRefused;
    return { up, ...(depth === undefined ? {} : { depth }) };
  }

  /** The result of a read; undefined if it failed. */
  async #attempt<T>(event: string, step: () => Promise<T>): Promise<T | undefined> {
    try {
      return await withDeadline(deadlineMs, new AbortController().signal, step);
    } catch (error) {
      // Other parts warn about the store; here its state is a metric.
      this.#options.log.debug({ err: error }, event);
      return undefined;
    }
  }
}

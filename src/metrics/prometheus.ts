import packageJson from '../../package.json' with { type: 'json' };
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type {
  RequestTimer,
  CallResult,
  Metrics,
  QuestionRefusal,
  RequestResult,
} from '../core/ports/metrics.ts';
import type { Usage } from '../core/ports/model.ts';
import type { Outcome } from '../core/domain/turn.ts';
import { defineMetrics } from './definitions.ts';
import type { Log } from '../core/ports/log.ts';
import { registerGauges, type GaugeSources } from './gauges.ts';

const secondMs = 1_000;
const outcomes: readonly Outcome[] = ['done', 'stopped', 'failed'];

interface OpenReply {
  readonly platform: string;
  readonly unseenMs: () => number;
}

/** Counts what happens as Prometheus wants it: in seconds, under labels of few values each. */
class PrometheusMetrics implements Metrics {
  readonly #figures: ReturnType<typeof defineMetrics>;
  readonly #replies = new Set<OpenReply>();
  #refusedByStore = 0;

  constructor(registry: Registry) {
    this.#figures = defineMetrics(registry);
  }

  questionAccepted(platform: string): void {
    this.#figures.questions.inc({ platform });
  }

  questionRefused(platform: string, reason: QuestionRefusal): void {
    if (reason === 'store') this.#refusedByStore += 1;
    this.#figures.refusals.inc({ platform, reason });
  }

  turnEnded(platform: string, outcome: Outcome, ms: number): void {
    this.#figures.turns.inc({ platform, outcome });
    this.#figures.turnSeconds.observe({ platform }, ms / secondMs);
  }

  firstTextShown(platform: string, sinceBegunMs: number, sinceAskedMs: number): void {
    this.#figures.firstTextSeconds.observe({ platform }, sinceBegunMs / secondMs);
    // A platform's clock may be a little ahead of ours.
    const askedMs = Math.max(0, sinceAskedMs);
    this.#figures.firstTextSinceAskedSeconds.observe({ platform }, askedMs / secondMs);
  }

  textShown(platform: string, unseenMs: number): void {
    this.#figures.unseenSeconds.observe({ platform }, unseenMs / secondMs);
  }

  replyStarted(platform: string, unseenMs: () => number): () => void {
    const reply = { platform, unseenMs };
    this.#replies.add(reply);
    return () => void this.#replies.delete(reply);
  }

  platformCalled(platform: string, method: string, result: CallResult, ms: number): void {
    this.#figures.calls.inc({ platform, method, result });
    this.#figures.callSeconds.observe({ platform, method }, ms / secondMs);
  }

  requestStarted(model: string): RequestTimer {
    const askedAt = performance.now();
    let written = false;
    let over = false;
    return {
      gotText: () => {
        if (written) return;
        written = true;
        const ms = performance.now() - askedAt;
        this.#figures.firstDeltaSeconds.observe({ model }, ms / secondMs);
      },
      ended: (result, usage) => {
        if (over) return;
        over = true;
        this.#requestEnded(model, result, performance.now() - askedAt, usage);
      },
    };
  }

  failedOver(from: string, to: string): void {
    this.#figures.failovers.inc({ from, to });
  }

  /** What has not happened yet reads 0 rather than nothing, so that its first time is a rise. */
  initialise(platforms: readonly string[]): void {
    for (const platform of platforms) {
      this.#figures.questions.inc({ platform }, 0);
      for (const outcome of outcomes) this.#figures.turns.inc({ platform, outcome }, 0);
      this.#figures.refusals.inc({ platform, reason: 'store' }, 0);
    }
  }

  /** How many questions could not be stored so far. */
  get refusedByStore(): number {
    return this.#refusedByStore;
  }

  /** How old the oldest text is that people cannot see yet, by platform, in milliseconds. */
  oldestUnseenMs(): ReadonlyMap<string, number> {
    const oldest = new Map<string, number>();
    for (const { platform, unseenMs } of this.#replies) {
      oldest.set(platform, Math.max(oldest.get(platform) ?? 0, unseenMs()));
    }
    return oldest;
  }

  #requestEnded(model: string, result: RequestResult, ms: number, usage: Usage = {}): void {
    this.#figures.requests.inc({ model, result });
    this.#figures.requestSeconds.observe({ model }, ms / secondMs);
    const { inputTokens = 0, outputTokens = 0 } = usage;
    this.#figures.tokens.inc({ model, direction: 'input' }, validCount(inputTokens));
    this.#figures.tokens.inc({ model, direction: 'output' }, validCount(outputTokens));
  }
}

/** A counter throws at what is no number, and a provider's numbers are not to be trusted. */
function validCount(tokens: number): number {
  return Number.isFinite(tokens) && tokens > 0 ? tokens : 0;
}

/** What the work is told to, and how Prometheus reads it. */
export interface Exposition {
  readonly metrics: Metrics;
  readonly contentType: string;
  /** Looks at these from now on, whenever the figures are read. Once. */
  observe(sources: GaugeSources): void;
  /** All figures, as they are now. */
  read(): Promise<string>;
}

/** Figures for Prometheus, about the work and about the process. */
export function openExposition(log: Log): Exposition {
  const registry = new Registry();
  const metrics = new PrometheusMetrics(registry);
  collectDefaultMetrics({ register: registry });
  new Gauge({
    name: 'parley_info',
    help: 'Always 1; the labels tell the versions of Parley and of Node.',
    labelNames: ['version', 'node'],
    registers: [registry],
  }).set({ version: packageJson.version, node: process.version }, 1);

  return {
    metrics,
    contentType: registry.contentType,
    observe(sources) {
      metrics.initialise(sources.platforms.map(({ name }) => name));
      registerGauges({
        ...sources,
        registry,
        oldestUnseenMs: () => metrics.oldestUnseenMs(),
        refusedByStore: () => metrics.refusedByStore,
        log,
      });
    },
    async read() {
      // The library's spelling, as of a mean of nothing; the format has another.
      return (await registry.metrics()).replaceAll(/ Nan$/gm, ' NaN');
    },
  };
}

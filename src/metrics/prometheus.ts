// Tested by test/unit/wiring/metrics.test.ts
import packageJson from '../../package.json' with { type: 'json' };
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type {
  CallResult,
  Metrics,
  QuestionRefusal,
  RequestResult,
  RequestTimer,
} from '../core/ports/metrics.ts';
import type { Usage } from '../core/ports/model.ts';
import type { Outcome } from '../core/domain/turn.ts';
import { defineMetrics } from './definitions.ts';
import type { Log } from '../core/ports/log.ts';
import { type GaugeSources, registerGauges } from './gauges.ts';

const secondMs = 1_000;
const outcomes: readonly Outcome[] = ['done', 'stopped', 'failed'];

interface OpenReply {
  readonly platform: string;
  readonly unseenMs: () => number;
}

/** The metrics port for Prometheus: seconds, and labels with few values each. */
class PrometheusMetrics implements Metrics {
  readonly #metrics: ReturnType<typeof defineMetrics>;
  readonly #replies = new Set<OpenReply>();
  #refusedByStore = 0;

  constructor(registry: Registry) {
    this.#metrics = defineMetrics(registry);
  }

  questionAccepted(platform: string): void {
    this.#metrics.questions.inc({ platform });
  }

  questionRefused(platform: string, reason: QuestionRefusal): void {
    if (reason === 'store') this.#refusedByStore += 1;
    this.#metrics.refusals.inc({ platform, reason });
  }

  turnEnded(platform: string, outcome: Outcome, ms: number): void {
    this.#metrics.turns.inc({ platform, outcome });
    this.#metrics.turnSeconds.observe({ platform }, ms / secondMs);
  }

  firstTextShown(platform: string, sinceBegunMs: number, sinceAskedMs: number): void {
    this.#metrics.firstTextSeconds.observe({ platform }, sinceBegunMs / secondMs);
    // A platform's clock may be ahead of ours.
    const askedMs = Math.max(0, sinceAskedMs);
    this.#metrics.firstTextSinceAskedSeconds.observe({ platform }, askedMs / secondMs);
  }

  textShown(platform: string, unseenMs: number): void {
    this.#metrics.unseenSeconds.observe({ platform }, unseenMs / secondMs);
  }

  replyStarted(platform: string, unseenMs: () => number): () => void {
    const reply = { platform, unseenMs };
    this.#replies.add(reply);
    return () => void this.#replies.delete(reply);
  }

  platformCalled(platform: string, method: string, result: CallResult, ms: number): void {
    this.#metrics.calls.inc({ platform, method, result });
    this.#metrics.callSeconds.observe({ platform, method }, ms / secondMs);
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
        this.#metrics.firstDeltaSeconds.observe({ model }, ms / secondMs);
      },
      ended: (result, usage) => {
        if (over) return;
        over = true;
        this.#requestEnded(model, result, performance.now() - askedAt, usage);
      },
    };
  }

  failedOver(from: string, to: string): void {
    this.#metrics.failovers.inc({ from, to });
  }

  /** Sets counters to 0, so that the first event is an increase. */
  initialise(platforms: readonly string[]): void {
    for (const platform of platforms) {
      this.#metrics.questions.inc({ platform }, 0);
      for (const outcome of outcomes) this.#metrics.turns.inc({ platform, outcome }, 0);
      this.#metrics.refusals.inc({ platform, reason: 'store' }, 0);
    }
  }

  /** Number of questions that could not be stored so far. */
  get refusedByStore(): number {
    return this.#refusedByStore;
  }

  /** Age of the oldest unseen text by platform, in ms. */
  oldestUnseenMs(): ReadonlyMap<string, number> {
    const oldest = new Map<string, number>();
    for (const { platform, unseenMs } of this.#replies) {
      oldest.set(platform, Math.max(oldest.get(platform) ?? 0, unseenMs()));
    }
    return oldest;
  }

  #requestEnded(model: string, result: RequestResult, ms: number, usage: Usage = {}): void {
    this.#metrics.requests.inc({ model, result });
    this.#metrics.requestSeconds.observe({ model }, ms / secondMs);
    const { inputTokens = 0, outputTokens = 0 } = usage;
    this.#metrics.tokens.inc({ model, direction: 'input' }, validCount(inputTokens));
    this.#metrics.tokens.inc({ model, direction: 'output' }, validCount(outputTokens));
  }
}

/** A provider's token count, or 0 if it is no valid number, at which a counter would throw. */
function validCount(tokens: number): number {
  return Number.isFinite(tokens) && tokens > 0 ? tokens : 0;
}

/** The metrics and their exposition for Prometheus. */
export interface Exposition {
  readonly metrics: Metrics;
  readonly contentType: string;
  /** Adds the gauges of these sources. Once. */
  observe(sources: GaugeSources): void;
  /** All metrics in Prometheus' text format. */
  read(): Promise<string>;
}

/** Metrics of the service and of the process. */
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
      // prom-client writes `Nan`; the format has `NaN`.
      return (await registry.metrics()).replaceAll(/ Nan$/gm, ' NaN');
    },
  };
}

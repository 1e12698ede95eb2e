import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import packageJson from '../../package.json' with { type: 'json' };
import type { Log } from '../core/ports/log.ts';
import type { Metrics } from '../core/ports/metrics.ts';
import { openGauges, type Sources } from './gauges.ts';
import { Prometheus } from './prometheus.ts';

/** What the work is told to, and how Prometheus reads it. */
export interface Exposition {
  readonly metrics: Metrics;
  readonly contentType: string;
  /** Looks at these from now on, whenever the figures are read. Once. */
  watch(sources: Sources): void;
  /** All figures, as they are now. */
  read(): Promise<string>;
}

/** Figures for Prometheus, about the work and about the process. */
export function openExposition(log: Log): Exposition {
  const registry = new Registry();
  const metrics = new Prometheus(registry);
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
    watch(sources) {
      metrics.expect(sources.platforms.map(({ name }) => name));
      openGauges({
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

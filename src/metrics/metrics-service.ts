import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import packageJson from '../../package.json' with { type: 'json' };
import type { Log } from '../core/ports/log.ts';
import type { Metrics } from '../core/ports/metrics.ts';
import { openGauges, type Sources } from './gauges.ts';
import { MetricsServer } from './metrics-server.ts';
import { Prometheus } from './prometheus.ts';

export interface MetricsServiceOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly log: Log;
}

/** What the work is told to, and the server where Prometheus reads it. */
export interface MetricsService {
  readonly metrics: Metrics;
  /** Resolves to where the figures are. Once. Throws `BadConfiguration` if the port cannot be had. */
  start(sources: Sources): Promise<string>;
  close(): Promise<void>;
}

/** Figures for Prometheus, about the work and about the process. */
export function metricsService({ host, port, log }: MetricsServiceOptions): MetricsService {
  const registry = new Registry();
  const metrics = new Prometheus(registry);
  const server = new MetricsServer({ host, port, registry, log });
  collectDefaultMetrics({ register: registry });
  new Gauge({
    name: 'parley_info',
    help: 'Always 1; the labels tell the versions of Parley and of Node.',
    labelNames: ['version', 'node'],
    registers: [registry],
  }).set({ version: packageJson.version, node: process.version }, 1);

  return {
    metrics,
    start(sources) {
      metrics.expect(sources.platforms.map(({ name }) => name));
      openGauges({ ...sources, registry, oldestUnseenMs: () => metrics.oldestUnseenMs(), log });
      return server.listen();
    },
    close: () => server.close(),
  };
}

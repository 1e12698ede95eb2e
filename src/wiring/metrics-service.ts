import type { Log } from '../core/ports/log.ts';
import type { Metrics } from '../core/ports/metrics.ts';
import { openExposition } from '../metrics/prometheus.ts';
import type { GaugeSources } from '../metrics/gauges.ts';
import { MetricsServer } from '../server/metrics-server.ts';

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
  start(sources: GaugeSources): Promise<string>;
  close(): Promise<void>;
}

export function createMetricsService({ host, port, log }: MetricsServiceOptions): MetricsService {
  const figures = openExposition(log);
  const server = new MetricsServer({ host, port, figures, log });
  return {
    metrics: figures.metrics,
    start(sources) {
      figures.observe(sources);
      return server.listen();
    },
    close: () => server.close(),
  };
}

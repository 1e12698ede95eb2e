import type { Config } from '../config/config.ts';
import type { Log } from '../core/ports/log.ts';
import type { Metrics } from '../core/ports/metrics.ts';
import type { GaugeSources } from '../metrics/gauges.ts';

export interface MetricsServiceOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly log: Log;
}

/** The metrics of this process, and the server where Prometheus reads them. */
export interface MetricsService {
  readonly metrics: Metrics;
  /** Resolves to the metrics' URL. Once. Throws `BadConfiguration` if it cannot listen. */
  start(sources: GaugeSources): Promise<string>;
  close(): Promise<void>;
}

/** Undefined without METRICS_PORT. */
export async function configuredMetrics(
  { METRICS_PORT: port, METRICS_HOST: host }: Config,
  log: Log,
): Promise<MetricsService | undefined> {
  return port === undefined ? undefined : createMetricsService({ host, port, log });
}

export async function createMetricsService(
  options: MetricsServiceOptions,
): Promise<MetricsService> {
  // Loaded only where they are used: the library takes a noticeable part of a start.
  const { openExposition } = await import('../metrics/prometheus.ts');
  const { MetricsServer } = await import('../server/metrics-server.ts');
  const exposition = openExposition(options.log);
  const server = new MetricsServer({ ...options, exposition });
  return {
    metrics: exposition.metrics,
    start(sources) {
      exposition.observe(sources);
      return server.listen();
    },
    close: () => server.close(),
  };
}

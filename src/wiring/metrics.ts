import type { Config } from '../config/config.ts';
import type { Log } from '../core/ports/log.ts';
import type { MetricsService } from './metrics-service.ts';

/** Undefined while nobody is to read figures. */
export async function configuredMetrics(
  config: Config,
  log: Log,
): Promise<MetricsService | undefined> {
  const { METRICS_PORT: port, METRICS_HOST: host } = config;
  if (port === undefined) return undefined;
  const { createMetricsService } = await import('./metrics-service.ts');
  return createMetricsService({ host, port, log });
}

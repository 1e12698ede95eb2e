import type { Config } from '../config/config.ts';
import type { Log } from '../core/ports/log.ts';
import { type ProxyFault, watchProxies } from '../proxy/proxy-faults.ts';
import { type Proxies, proxiesOf, addressRangesIn, setGlobalProxies } from '../proxy/proxies.ts';

/** The same complaint is not repeated more often, in milliseconds. */
const complainEveryMs = 60_000;

/** Undefined without a proxy. */
export function configuredProxies(config: Config): Proxies | undefined {
  return proxiesOf({
    httpsProxy: config.HTTPS_PROXY,
    httpProxy: config.HTTP_PROXY,
    noProxy: config.NO_PROXY,
  });
}

/**
 * Sends what this process connects to through the configured proxies, if there are any, and tells
 * what fails there. Before anything connects. Throws `BadConfiguration`.
 */
export function useConfiguredProxies(config: Config, tell: (fault: ProxyFault) => void): void {
  const proxies = configuredProxies(config);
  if (proxies === undefined) return;
  setGlobalProxies(proxies);
  watchProxies(proxies, tell);
}

/** The same for the service, which tells it in its log. */
export function useProxies(config: Config, log: Log): void {
  const complainedAt = new Map<string, number>();
  useConfiguredProxies(config, ({ setting, proxy, detail, remedy }) => {
    const now = performance.now();
    const told = complainedAt.get(detail) ?? -Infinity;
    if (now - told < complainEveryMs) return;
    if (complainedAt.size > 1_000) complainedAt.clear();
    complainedAt.set(detail, now);
    const fault = `${setting}: the proxy at ${proxy} ${detail}`;
    log.error({ fault, remedy }, 'no connection through the proxy');
  });
  const ranges = addressRangesIn(config.NO_PROXY);
  if (ranges.length > 0) {
    const remedy = 'write each host or address by itself';
    log.warn({ ranges, remedy }, 'NO_PROXY: ranges of addresses have no effect');
  }
}

// Tested by test/integration/proxy.test.ts
import http from 'node:http';
import { BadConfiguration } from '../core/domain/errors.ts';
import type { Log } from '../core/ports/log.ts';
import { type ProxyFault, watchProxies } from './proxy-faults.ts';
import { addressRangesIn, type Proxies, proxiesOf, type ProxySettings } from './proxies.ts';

/** Least time between two log lines about the same fault, in ms. */
const logEveryMs = 60_000;

/**
 * Sends this process's connections through the configured proxies, if any, and reports failures
 * there. To be called before the first connection. Throws `BadConfiguration`.
 */
export function useProxies(settings: ProxySettings, onFault: (fault: ProxyFault) => void): void {
  const proxies = proxiesOf(settings);
  if (proxies === undefined) return;
  setGlobalProxies(proxies);
  watchProxies(proxies, onFault);
}

/** The same with failures in the log. */
export function useProxiesAndLog(settings: ProxySettings, log: Log): void {
  const loggedAt = new Map<string, number>();
  useProxies(settings, ({ setting, proxy, detail, remedy }) => {
    const now = performance.now();
    if (now - (loggedAt.get(detail) ?? -Infinity) < logEveryMs) return;
    if (loggedAt.size > 1_000) loggedAt.clear();
    loggedAt.set(detail, now);
    const fault = `${setting}: the proxy at ${proxy} ${detail}`;
    log.error({ fault, remedy }, 'no connection through the proxy');
  });
  const ranges = addressRangesIn(settings.NO_PROXY);
  if (ranges.length > 0) {
    const remedy = 'write each host or address by itself';
    log.warn({ ranges, remedy }, 'NO_PROXY: ranges of addresses have no effect');
  }
}

/**
 * Proxies for `fetch`, undici's requests and Node's own agents. Trap: the sockets of Slack and Discord
 * bring agents of their own, which get the proxy in wiring/chat-platforms.ts.
 */
function setGlobalProxies({ https, http: plain, direct }: Proxies): void {
  // For everything else Node 24.0 is enough.
  if (!('setGlobalProxyFromEnv' in http)) {
    throw new BadConfiguration(
      `${https.setting} needs Node 24.14 or newer, and this is ${process.version}. Run npm install, which brings one along.`,
    );
  }
  http.setGlobalProxyFromEnv({
    https_proxy: https.url.href,
    ...(plain === undefined ? {} : { http_proxy: plain.url.href }),
    no_proxy: direct,
  });
}

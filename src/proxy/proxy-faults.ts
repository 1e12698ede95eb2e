import { channel, subscribe } from 'node:diagnostics_channel';
import { asRecord, asText } from '../core/foreign-data.ts';
import { type Proxies, type Proxy, proxyFor } from './proxies.ts';

/** A connection that failed at a proxy. */
export interface ProxyFault {
  readonly setting: Proxy['setting'];
  /** Such as `proxy.example.com:3128`. */
  readonly proxy: string;
  /** The fault, such as `refuses slack.com (403)`. */
  readonly detail: string;
  readonly remedy: string;
}

/** Channel for failed connections of libraries that report none on Node's own channels. */
export const connectErrors = channel('parley:connect:error');

/**
 * Reports each connection that fails at a proxy, for the life of the process. The libraries' own
 * errors often do not mention the proxy.
 */
export function watchProxies(proxies: Proxies, onFault: (fault: ProxyFault) => void): void {
  const report = (fault: ProxyFault | undefined): void => {
    if (fault !== undefined) onFault(fault);
  };
  // Connections of fetch, undici's requests and its WebSocket.
  subscribe('undici:client:connectError', (message) => report(faultOfUndici(proxies, message)));
  subscribe(connectErrors.name, (error) => report(faultOfAgent(proxies, error)));
}

/** The fault of undici's failed connection, if a proxy caused it. */
export function faultOfUndici(proxies: Proxies, message: unknown): ProxyFault | undefined {
  const { connectParams, error } = asRecord(message);
  const { host, protocol } = asRecord(connectParams);
  const { code, message: words } = asRecord(error);
  const [, status] = /^Proxy response \((\d+)\)/.exec(asText(words) ?? '') ?? [];
  const proxy = proxyFor(proxies, asText(protocol));
  if (status !== undefined && proxy !== undefined) {
    return refusedBy(proxy, asText(host) ?? 'a host', status);
  }
  const away = [proxies.https, proxies.http].find((each) => each?.url.host === host);
  return away && noAnswerFrom(away, asText(code) ?? asText(words) ?? 'no answer');
}

/** The same for Node's own https agent. */
export function faultOfAgent({ https }: Proxies, error: unknown): ProxyFault | undefined {
  const { code, message } = asRecord(error);
  if (code !== 'ERR_PROXY_TUNNEL') return undefined;
  const [, host, status] =
    /^Failed to establish tunnel to (\S+?)(?::\d+)? via \S+: HTTP\/\S+ (\d+)/.exec(
      asText(message) ?? '',
    ) ?? [];
  if (host === undefined || status === undefined) return noAnswerFrom(https, 'no tunnel');
  return refusedBy(https, host, status);
}

function refusedBy({ setting, url }: Proxy, host: string, status: string): ProxyFault {
  const to = { setting, proxy: url.host };
  if (status === '407') {
    const given = url.username !== '';
    return {
      ...to,
      detail: given
        ? 'does not accept the name and password (407)'
        : 'wants a name and a password (407)',
      remedy: `set ${setting} with those that the proxy accepts: ${url.protocol}//NAME:PASSWORD@${url.host}`,
    };
  }
  const detail = `refuses ${host} (${status})`;
  return { ...to, detail, remedy: `allow ${host} there, or name it in NO_PROXY to go without` };
}

function noAnswerFrom({ setting, url }: Proxy, why: string): ProxyFault {
  const remedy = `start it, or correct ${setting}`;
  return { setting, proxy: url.host, detail: `does not answer (${why})`, remedy };
}

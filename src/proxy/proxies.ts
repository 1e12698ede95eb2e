import http from 'node:http';
import { channel, subscribe } from 'node:diagnostics_channel';
import { asRecord, asText } from '../core/foreign-data.ts';
import { BadConfiguration } from '../core/domain/errors.ts';
import type { Log } from '../core/ports/log.ts';

/** The settings, under the names that people know from other programs. */
export interface ProxySettings {
  readonly HTTPS_PROXY?: string | undefined;
  readonly HTTP_PROXY?: string | undefined;
  /**
   * Hosts with commas or spaces between them: `example.com` with all names below it, with or without
   * a port; addresses; or `*` for all.
   */
  readonly NO_PROXY?: string | undefined;
}

type ProxySetting = 'HTTPS_PROXY' | 'HTTP_PROXY';

/** A proxy, and the setting that names it. */
export interface Proxy {
  readonly setting: ProxySetting;
  readonly url: URL;
}

/** The proxy of each kind of connection, as Node and undici understand it. */
export interface Proxies {
  /** For https and wss. */
  readonly https: Proxy;
  /** For http and ws; without it they are direct. */
  readonly http: Proxy | undefined;
  /** Hosts reached directly, in a form that both read alike. */
  readonly direct: string;
}

/** Names of this machine, which a proxy would resolve to itself. */
const loopback = ['localhost', '127.0.0.1', '::1', '[::1]'];

/**
 * The configured proxies; undefined without any, and with NO_PROXY=*. An https connection goes
 * through HTTP_PROXY if HTTPS_PROXY is not set.
 */
export function proxiesOf(settings: ProxySettings): Proxies | undefined {
  const http = proxyOf('HTTP_PROXY', settings.HTTP_PROXY);
  const https = proxyOf('HTTPS_PROXY', settings.HTTPS_PROXY) ?? http;
  const hosts = hostsIn(settings.NO_PROXY);
  if (https === undefined || hosts.includes('*')) return undefined;
  return { https, http, direct: [...loopback, ...hosts.flatMap(spellings)].join(',') };
}

/** Ranges of addresses in a NO_PROXY, which neither Node nor undici supports. */
export function addressRangesIn(noProxy: string | undefined): string[] {
  return hostsIn(noProxy).filter((host) => host.includes('/'));
}

/** The proxy for a protocol; undefined for a direct connection. */
export function proxyFor(proxies: Proxies, protocol: string | undefined): Proxy | undefined {
  return protocol === 'http:' || protocol === 'ws:' ? proxies.http : proxies.https;
}

function proxyOf(setting: ProxySetting, address: string | undefined): Proxy | undefined {
  return address === undefined ? undefined : { setting, url: new URL(address) };
}

function hostsIn(noProxy = ''): string[] {
  return noProxy
    .toLowerCase()
    .split(/[\s,]/)
    .filter((host) => host !== '');
}

/** A host and the names below it: Node needs a leading dot for those, undici none. */
function spellings(host: string): string[] {
  const name = host.replace(/^\*?\./, '');
  if (name.startsWith('[') && name.endsWith(']')) return [name, name.slice(1, -1)];
  if (name.includes('::')) return [name, `[${name}]`];
  return /:\d+$/.test(name) ? [name] : [name, `.${name}`];
}

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
function watchProxies(proxies: Proxies, onFault: (fault: ProxyFault) => void): void {
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

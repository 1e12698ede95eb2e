import http from 'node:http';
import { BadConfiguration } from '../core/domain/errors.ts';

/** Names of the settings, as people know them from other programs. */
type ProxySetting = 'HTTPS_PROXY' | 'HTTP_PROXY';

/** A proxy, and the setting that names it. */
export interface Proxy {
  readonly setting: ProxySetting;
  readonly url: URL;
}

/** Which connections go through which proxy, as Node and undici understand it. */
export interface Proxies {
  /** For https and wss. */
  readonly https: Proxy;
  /** For http and ws; without it they are direct. */
  readonly http: Proxy | undefined;
  /** Hosts that are reached directly, in a form that both read alike. */
  readonly direct: string;
}

/** What is on this machine: a proxy would look for it on its own. */
const loopback = ['localhost', '127.0.0.1', '::1', '[::1]'];

/**
 * The proxies that are set. Undefined without any, and where everything is to be reached directly.
 * An https connection goes through HTTP_PROXY if HTTPS_PROXY is not set.
 *
 * @param settings.noProxy hosts with commas or spaces between them: `example.com` and whatever ends
 *   with `.example.com`, with or without a port; addresses; or `*` for all
 */
export function proxiesOf(settings: {
  httpsProxy: string | undefined;
  httpProxy: string | undefined;
  noProxy: string | undefined;
}): Proxies | undefined {
  const http = proxyOf('HTTP_PROXY', settings.httpProxy);
  const https = proxyOf('HTTPS_PROXY', settings.httpsProxy) ?? http;
  const hosts = hostsIn(settings.noProxy);
  if (https === undefined || hosts.includes('*')) return undefined;
  return { https, http, direct: [...loopback, ...hosts.flatMap(spellings)].join(',') };
}

/** What in a NO_PROXY is no host: ranges of addresses, which nobody here understands. */
export function addressRangesIn(noProxy: string | undefined): string[] {
  return hostsIn(noProxy).filter((host) => host.includes('/'));
}

/** The proxy that connects to such addresses; `undefined` where none does. */
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

/** A host with what is below it: Node wants a dot before the name for that, undici none. */
function spellings(host: string): string[] {
  const name = host.replace(/^\*?\./, '');
  if (name.startsWith('[') && name.endsWith(']')) return [name, name.slice(1, -1)];
  if (name.includes('::')) return [name, `[${name}]`];
  return /:\d+$/.test(name) ? [name] : [name, `.${name}`];
}

/**
 * Sends this process's connections through the proxies: `fetch`, undici's requests, and those of
 * Node's own agents, whichever library makes them. Before the first of them. What brings an agent of
 * its own has to be told beside it: the sockets of Slack and Discord.
 */
export function setGlobalProxies({ https, http: plain, direct }: Proxies): void {
  // Node 24 is enough for all else.
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

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

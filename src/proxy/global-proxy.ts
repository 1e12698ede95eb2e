import http from 'node:http';
import { BadConfiguration } from '../core/domain/errors.ts';
import type { Proxies } from './proxies.ts';

/**
 * Sends this process's connections through the proxies: `fetch`, undici's requests, and those of
 * Node's own agents, whichever library makes them. Before the first of them. What brings an agent of
 * its own has to be told beside it: the sockets of Slack and Discord.
 */
export function useGlobally({ https, http: plain, direct }: Proxies): void {
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

import type { Finding } from '../../core/ports/checkup.ts';
import type { ProxyFault } from '../../proxy/proxy-faults.ts';
import type { Proxies } from '../../proxy/proxies.ts';

const group = 'proxy';

/** How the proxies did while all else was looked at; none where there is no proxy. */
export function proxyFindings(
  proxies: Proxies | undefined,
  faults: readonly ProxyFault[],
): Finding[] {
  if (proxies === undefined) return [];
  const used = [proxies.https, ...(proxies.http === undefined ? [] : [proxies.http])];
  return [...new Set(used.map(({ setting }) => setting))].flatMap((setting): Finding[] => {
    const what = { group, what: setting } as const;
    // Several connections fail in one way.
    const own = new Map(
      faults.filter((fault) => fault.setting === setting).map((fault) => [fault.detail, fault]),
    );
    const failed = Array.from(own.values(), ({ proxy, detail, remedy }, at): Finding => {
      const id = at === 0 ? `proxy.${setting}` : `proxy.${setting}.${at + 1}`;
      return { ...what, id, state: 'failed', detail: `the proxy at ${proxy} ${detail}`, remedy };
    });
    if (failed.length > 0) return failed;
    const url = used.find((proxy) => proxy.setting === setting)?.url;
    const detail = `the proxy at ${url?.host} refuses nothing that was asked for here`;
    return [{ ...what, id: `proxy.${setting}`, state: 'ok', detail }];
  });
}

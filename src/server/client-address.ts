// Tested by test/integration/web-safety.test.ts
import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';
import type { Socket } from 'node:net';

/** Network part of an IPv6 address, in bits: one household or machine has all of the rest. */
const networkBits = 64;

/** Clients' addresses, also behind trusted proxies. */
export class ClientAddresses {
  readonly #trusted = new BlockList();

  /** @param proxies addresses, and networks such as `10.0.0.0/8` */
  constructor(proxies: readonly string[]) {
    for (const proxy of proxies) {
      const [address = '', bits] = proxy.split('/');
      const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
      if (bits === undefined) this.#trusted.addAddress(address, family);
      else this.#trusted.addSubnet(address, Number(bits), family);
    }
  }

  /**
   * A request's client: behind a trusted proxy the last address in X-Forwarded-For that is no trusted
   * proxy's, else the connection's own. Undefined for a loopback address, which may be an unlisted
   * proxy's. IPv6 addresses are shortened to their network.
   */
  of(request: IncomingMessage): string | undefined {
    let address = plain(request.socket.remoteAddress ?? '');
    const header = request.headers['x-forwarded-for'] ?? '';
    const forwarded = (typeof header === 'string' ? header : header.join(',')).split(',');
    while (this.#isTrusted(address) && forwarded.length > 0) {
      const before = plain(forwarded.pop()?.trim() ?? '');
      if (isIP(before) === 0) break;
      address = before;
    }
    return isRemote(address) && !this.#isTrusted(address) ? network(address) : undefined;
  }

  /** The connection's own address, with the same exceptions. */
  ofConnection({ remoteAddress = '' }: Socket): string | undefined {
    const address = plain(remoteAddress);
    return isRemote(address) && !this.#isTrusted(address) ? network(address) : undefined;
  }

  #isTrusted(address: string): boolean {
    const family = isIP(address);
    return family !== 0 && this.#trusted.check(address, family === 6 ? 'ipv6' : 'ipv4');
  }
}

/** Without the prefix of an IPv4 address in IPv6, or a zone. */
function plain(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
}

/** Whether an address is valid and no loopback address. */
function isRemote(address: string): boolean {
  return isIP(address) !== 0 && address !== '::1' && !address.startsWith('127.');
}

function network(address: string): string {
  if (isIP(address) !== 6) return address;
  const [head = '', tail] = address.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const open = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
  const groups = [...left, ...Array.from({ length: open }, () => '0'), ...right];
  return groups.slice(0, networkBits / 16).join(':');
}

import { isIPv6 } from 'node:net';

interface Host {
  /** As URL writes it: lower case, IPv6 addresses in brackets. */
  readonly name: string;
  readonly port: string | undefined;
}

const ownNames: readonly string[] = ['localhost', '127.0.0.1', '[::1]'];

/**
 * The names under which the page is served. A name that is made to point at this machine (DNS
 * rebinding) shows in Host, and so does every other name that nobody listed.
 */
export class Hosts {
  readonly #listed: readonly Host[];

  /**
   * @param bound the address that the server is bound to
   * @param listed names and addresses; one with a port is meant with that port alone
   */
  constructor(bound: string, listed: readonly string[]) {
    const isAny = bound === '0.0.0.0' || bound === '::';
    this.#listed = [...ownNames, ...(isAny ? [] : [bound]), ...listed].flatMap((one) => {
      const host = parse(isIPv6(one) ? `[${one}]` : one);
      return host === undefined ? [] : [host];
    });
  }

  /** @param header what a request has as Host */
  has(header: string): boolean {
    const asked = parse(header);
    if (asked === undefined) return false;
    return this.#listed.some(({ name, port }) => name === asked.name && fits(port, asked.port));
  }
}

/** Whether an address can be reached from this machine alone. */
export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

/** The name in a Host header, for a sentence about it; undefined if it is none. */
export function nameIn(header: string): string | undefined {
  return parse(header)?.name;
}

/** Browsers leave the usual ports out. */
function fits(listed: string | undefined, asked: string | undefined): boolean {
  if (listed === undefined || listed === asked) return true;
  return asked === undefined && (listed === '80' || listed === '443');
}

function parse(text: string): Host | undefined {
  const [, host = '', port] =
    /^(\[[\da-f:.]{2,45}\]|[^:/?#@[\]\\]{1,253})(?::(\d{1,5}))?$/i.exec(text) ?? [];
  if (host === '' || !URL.canParse(`http://${host}`)) return undefined;
  return { name: new URL(`http://${host}`).hostname, port };
}

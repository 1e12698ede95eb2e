/** This many wrong passwords at once, then one more with each `refillMs`. */
const burst = 5;
const refillMs = 10_000;
/** Of so many addresses the tries are remembered; the oldest are forgotten first. */
const maxAddresses = 10_000;

/** Counts wrong passwords by address, so that guessing takes for ever. */
export class Tries {
  readonly #spent = new Map<string, { count: number; at: number }>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** How long this address must wait before its next try, in milliseconds; 0 if it need not. */
  waitMs(address: string): number {
    const count = this.#count(address);
    return count < burst ? 0 : Math.ceil((count - burst + 1) * refillMs);
  }

  wrong(address: string): void {
    const network = networkOf(address);
    const count = this.#count(address) + 1;
    this.#spent.delete(network);
    this.#spent.set(network, { count, at: this.#now() });
    if (this.#spent.size <= maxAddresses) return;
    for (const oldest of this.#spent.keys()) {
      this.#spent.delete(oldest);
      return;
    }
  }

  #count(address: string): number {
    const spent = this.#spent.get(networkOf(address));
    if (spent === undefined) return 0;
    return Math.max(0, spent.count - (this.#now() - spent.at) / refillMs);
  }
}

/** One household has one IPv6 network of 64 bits, and any number of addresses in it. */
function networkOf(address: string): string {
  if (!address.includes(':') || address.startsWith('::ffff:')) return address;
  const [head = ''] = address.split('::');
  const groups = head.split(':');
  const open = address.includes('::') ? 4 - groups.length : 0;
  return [...groups, ...Array.from({ length: Math.max(0, open) }, () => '0')].slice(0, 4).join(':');
}

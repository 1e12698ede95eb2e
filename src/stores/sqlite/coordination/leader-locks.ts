import type { Lease } from '../../../core/ports/store.ts';

/**
 * Who has which role. In memory: this process is the only one on its folder, so that whoever had
 * a role before it began is gone.
 */
export class Roles {
  readonly #holders = new Map<string, { readonly owner: string; readonly until: number }>();

  /** False while somebody else has it. */
  hold(role: string, { owner, leaseMs }: Lease): boolean {
    const now = performance.now();
    const holder = this.#holders.get(role);
    if (holder !== undefined && holder.owner !== owner && holder.until > now) return false;
    this.#holders.set(role, { owner, until: now + leaseMs });
    return true;
  }

  yield(role: string, owner: string): void {
    if (this.#holders.get(role)?.owner === owner) this.#holders.delete(role);
  }
}

import type { Lease } from '../../../core/ports/store.ts';
import type { Connection } from '../connection/connection.ts';
import type { Keys } from '../keys.ts';

/** Who has which role among all instances. */
export class Roles {
  readonly #connection: Connection;
  readonly #keys: Keys;

  constructor(connection: Connection, keys: Keys) {
    this.#connection = connection;
    this.#keys = keys;
  }

  async hold(role: string, { owner, leaseMs }: Lease): Promise<boolean> {
    const keys = this.#keys.ofRole(role);
    return (await this.#connection.run('acquire-lock', keys, { owner, leaseMs })) === 1;
  }

  async yield(role: string, owner: string): Promise<void> {
    await this.#connection.run('release-lock', this.#keys.ofRole(role), { owner });
  }
}

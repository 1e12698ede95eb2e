import type { Account, Division, Share, SharedBudgets } from '../../../core/ports/budgets.ts';
import type { Lease } from '../../../core/ports/store.ts';
import type { Connection } from '../connection/connection.ts';
import { encode } from '../records.ts';
import type { Keys } from '../keys.ts';

/** Splits budgets between all instances that use the same Redis, by its clock. */
export class RedisBudgets implements SharedBudgets {
  readonly #connection: Connection;
  readonly #keys: Keys;

  constructor(connection: Connection, keys: Keys) {
    this.#connection = connection;
    this.#keys = keys;
  }

  async divide(
    { owner, leaseMs }: Lease,
    sinceMs: number,
    accounts: readonly Account[],
  ): Promise<Division> {
    const reply = await this.#connection.run(
      'allocate-budgets',
      this.#keys.ofBudgets(),
      { owner, leaseMs, sinceMs },
      accounts.map(encode),
    );
    const [members, settled, ...shares] = reply as [number, number, ...string[]];
    return {
      members,
      settled: settled === 1,
      shares: accounts.map(({ leaves }, i) => {
        return leaves ? undefined : (JSON.parse(shares[i] ?? '') as Share);
      }),
    };
  }

  async leave(owner: string): Promise<void> {
    const { instances } = this.#keys.ofBudgets();
    await this.#connection.try(() => this.#connection.client.zrem(instances, owner));
  }
}

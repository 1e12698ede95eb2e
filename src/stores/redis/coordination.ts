// Tested by test/contract/store/redis.test.ts
import type {
  Allocation,
  Allocations,
  BudgetAllocator,
  BudgetReport,
} from '../../core/ports/budgets.ts';
import type { Lease, Secrets } from '../../core/ports/store.ts';
import type { Connection } from './connection/connection.ts';
import type { Keys } from './keys.ts';
import { encode, pairsOf } from './records.ts';

/** What instances agree on beside conversations: leaders, the operator's pause, read positions. */
export class Coordination {
  readonly #connection: Connection;
  readonly #keys: Keys;

  constructor(connection: Connection, keys: Keys) {
    this.#connection = connection;
    this.#keys = keys;
  }

  async acquireLeadership(role: string, { owner, leaseMs }: Lease): Promise<boolean> {
    const keys = this.#keys.ofRole(role);
    return (await this.#connection.runScript('acquire-lock', keys, { owner, leaseMs })) === 1;
  }

  async releaseLeadership(role: string, owner: string): Promise<void> {
    await this.#connection.runScript('release-lock', this.#keys.ofRole(role), { owner });
  }

  /** A pause has no end: a forgotten one shows in the log and in `turns`; an expired one would not. */
  async setPausedSince(since: number | undefined): Promise<void> {
    const { paused } = this.#keys.ofOperator();
    await this.#connection.send<unknown>((client) =>
      since === undefined ? client.del(paused) : client.set(paused, since),
    );
  }

  async pausedSince(): Promise<number | undefined> {
    const { paused } = this.#keys.ofOperator();
    const found = await this.#connection.send((client) => client.get(paused));
    return found === null ? undefined : Number(found) || 0;
  }

  async readPositions(platform: string): Promise<ReadonlyMap<string, string>> {
    const keys = this.#keys.ofPlatform(platform);
    return new Map(pairsOf(await this.#connection.runScript('read-positions', keys)));
  }

  async saveReadPositions(platform: string, positions: ReadonlyMap<string, string>): Promise<void> {
    const keys = this.#keys.ofPlatform(platform);
    await this.#connection.runScript('save-read-positions', keys, {}, [...positions].flat());
  }
}

/** Allocates rate limits to the instances on one Redis, by its clock. */
export class RedisBudgetAllocator implements BudgetAllocator {
  readonly #connection: Connection;
  readonly #keys: Keys;

  constructor(connection: Connection, keys: Keys) {
    this.#connection = connection;
    this.#keys = keys;
  }

  async allocate(
    { owner, leaseMs }: Lease,
    sinceMs: number,
    reports: readonly BudgetReport[],
  ): Promise<Allocations> {
    const reply = await this.#connection.runScript(
      'allocate-budgets',
      this.#keys.ofBudgets(),
      { owner, leaseMs, sinceMs },
      reports.map(encode),
    );
    const [members, settled, ...shares] = reply as [number, number, ...string[]];
    return {
      members,
      settled: settled === 1,
      shares: reports.map(({ leaves }, i) => {
        return leaves ? undefined : (JSON.parse(shares[i] ?? '') as Allocation);
      }),
    };
  }

  async release(owner: string): Promise<void> {
    const { instances } = this.#keys.ofBudgets();
    await this.#connection.send((client) => client.zrem(instances, owner));
  }
}

/** Secrets, one key each, so that the first value stays. */
export class RedisSecrets implements Secrets {
  readonly #connection: Connection;
  readonly #keys: Keys;

  constructor(connection: Connection, keys: Keys) {
    this.#connection = connection;
    this.#keys = keys;
  }

  async keep(name: string, value: string, lifeMs?: number): Promise<string> {
    // A full Redis refuses to set a key even if NX would leave it alone.
    const found = await this.find(name);
    if (found !== undefined) return found;
    const key = this.#keys.ofSecret(name);
    await this.#connection.send<unknown>((client) =>
      lifeMs === undefined
        ? client.set(key, value, 'NX')
        : client.set(key, value, 'PX', Math.max(1, Math.ceil(lifeMs)), 'NX'),
    );
    // An earlier value may have expired in between; then this one is as good.
    return (await this.find(name)) ?? value;
  }

  async find(name: string): Promise<string | undefined> {
    const key = this.#keys.ofSecret(name);
    return (await this.#connection.send((client) => client.get(key))) ?? undefined;
  }
}

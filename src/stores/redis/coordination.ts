import type { Lease, Secrets } from '../../core/ports/store.ts';
import type { Connection } from './connection/connection.ts';
import type { Keys } from './keys.ts';
import type {
  BudgetReport,
  Allocations,
  Allocation,
  BudgetAllocator,
} from '../../core/ports/budgets.ts';
import { encode } from './records.ts';

/** Who has which role among all instances. */
export class LeaderLocks {
  readonly #connection: Connection;
  readonly #keys: Keys;

  constructor(connection: Connection, keys: Keys) {
    this.#connection = connection;
    this.#keys = keys;
  }

  async acquire(role: string, { owner, leaseMs }: Lease): Promise<boolean> {
    const keys = this.#keys.ofRole(role);
    return (await this.#connection.runScript('acquire-lock', keys, { owner, leaseMs })) === 1;
  }

  async release(role: string, owner: string): Promise<void> {
    await this.#connection.runScript('release-lock', this.#keys.ofRole(role), { owner });
  }
}

/**
 * Since when an operator wants nothing new to be begun. Without an end: a pause that is forgotten
 * is seen in the log and by `turns`, one that ends by itself is not.
 */
export class OperatorPause {
  readonly #connection: Connection;
  readonly #key: string;

  constructor(connection: Connection, keys: Keys) {
    this.#connection = connection;
    this.#key = keys.ofOperator().paused;
  }

  async set(since: number | undefined): Promise<void> {
    const { client } = this.#connection;
    await this.#connection.send<unknown>(() =>
      since === undefined ? client.del(this.#key) : client.set(this.#key, since),
    );
  }

  async since(): Promise<number | undefined> {
    const found = await this.#connection.send(() => this.#connection.client.get(this.#key));
    return found === null ? undefined : Number(found) || 0;
  }
}

/** How far the places of platforms were read. */
export class ReadPositions {
  readonly #connection: Connection;
  readonly #keys: Keys;
  readonly #retentionMs: number;

  constructor(connection: Connection, keys: Keys, retentionMs: number) {
    this.#connection = connection;
    this.#keys = keys;
    this.#retentionMs = retentionMs;
  }

  async all(platform: string): Promise<ReadonlyMap<string, string>> {
    const keys = this.#keys.ofPlatform(platform);
    const retentionMs = this.#retentionMs;
    const found = (await this.#connection.runScript('read-positions', keys, {
      retentionMs,
    })) as string[];
    const marks = new Map<string, string>();
    for (let i = 0; i + 1 < found.length; i += 2) marks.set(found[i] ?? '', found[i + 1] ?? '');
    return marks;
  }

  async save(platform: string, marks: ReadonlyMap<string, string>): Promise<void> {
    const keys = this.#keys.ofPlatform(platform);
    const retentionMs = this.#retentionMs;
    await this.#connection.runScript(
      'save-read-positions',
      keys,
      { retentionMs },
      [...marks].flat(),
    );
  }
}

/** Splits budgets between all instances that use the same Redis, by its clock. */
export class RedisBudgets implements BudgetAllocator {
  readonly #connection: Connection;
  readonly #keys: Keys;

  constructor(connection: Connection, keys: Keys) {
    this.#connection = connection;
    this.#keys = keys;
  }

  async allocate(
    { owner, leaseMs }: Lease,
    sinceMs: number,
    accounts: readonly BudgetReport[],
  ): Promise<Allocations> {
    const reply = await this.#connection.runScript(
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
        return leaves ? undefined : (JSON.parse(shares[i] ?? '') as Allocation);
      }),
    };
  }

  async release(owner: string): Promise<void> {
    const { instances } = this.#keys.ofBudgets();
    await this.#connection.send(() => this.#connection.client.zrem(instances, owner));
  }
}

/** What the service made for itself, such as keys: one key each, so that the first one stands. */
export class RedisSecrets implements Secrets {
  readonly #connection: Connection;
  readonly #keys: Keys;

  constructor(connection: Connection, keys: Keys) {
    this.#connection = connection;
    this.#keys = keys;
  }

  async keep(name: string, made: string, lifeMs?: number): Promise<string> {
    const { client } = this.#connection;
    // A Redis that is full refuses to set what is there already, too.
    const found = await this.find(name);
    if (found !== undefined) return found;
    const key = this.#keys.ofSecret(name);
    await this.#connection.send<unknown>(() =>
      lifeMs === undefined
        ? client.set(key, made, 'NX')
        : client.set(key, made, 'PX', Math.max(1, Math.ceil(lifeMs)), 'NX'),
    );
    // What was there may have ended in between; then nothing stands in the way of this one.
    return (await this.find(name)) ?? made;
  }

  async find(name: string): Promise<string | undefined> {
    const key = this.#keys.ofSecret(name);
    return (await this.#connection.send(() => this.#connection.client.get(key))) ?? undefined;
  }
}

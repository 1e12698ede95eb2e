import { fieldsOf, listOf } from '../../../core/foreign-data.ts';
import { isSnowflake } from '../api/snowflake.ts';

/** The servers that the bot is in, as the gateway tells, with their roles. */
export class Guilds {
  /** By shard: `READY` lists a shard's servers. */
  readonly #listed = new Map<number, ReadonlySet<string>>();
  /** Those that it came into since. */
  readonly #entered = new Set<string>();
  readonly #left = new Set<string>();
  readonly #roles = new Map<string, ReadonlySet<string>>();
  #shards = 0;

  /** Whether all of them are known. */
  get complete(): boolean {
    return this.#shards > 0 && this.#listed.size >= this.#shards;
  }

  get ids(): readonly string[] {
    const all = new Set([
      ...[...this.#listed.values()].flatMap((ids) => [...ids]),
      ...this.#entered,
    ]);
    return [...all].filter((id) => !this.#left.has(id));
  }

  /** Whether one of these roles may be one of the server's. */
  mayHave(guild: string, roles: readonly string[]): boolean {
    const known = this.#roles.get(guild);
    return known === undefined || roles.some((role) => known.has(role));
  }

  /** Takes in a `READY`, `GUILD_CREATE` or `GUILD_DELETE`. */
  learn(type: string, payload: unknown): void {
    const fields = fieldsOf(payload);
    const { id } = fields;
    if (type === 'READY') {
      this.#learnAll(fields['guilds'], listOf(fields['shard']));
      return;
    }
    if (!isSnowflake(id)) return;
    if (type === 'GUILD_CREATE') {
      this.#left.delete(id);
      this.#entered.add(id);
      // One that is not available yet has none; else they include everybody's, with the server's id.
      if (Array.isArray(fields['roles'])) this.#roles.set(id, new Set(idsIn(fields['roles'])));
    }
    // One that is not available at the moment is still the bot's.
    if (type === 'GUILD_DELETE' && fields['unavailable'] !== true) {
      this.#left.add(id);
      this.#entered.delete(id);
      this.#roles.delete(id);
    }
  }

  #learnAll(guilds: unknown, [shard = 0, shards = 1]: readonly unknown[]): void {
    if (typeof shard !== 'number' || typeof shards !== 'number') return;
    if (shards !== this.#shards) this.#listed.clear();
    this.#shards = shards;
    const ids = new Set(idsIn(guilds));
    // What is not listed any more was left while nobody heard of it.
    for (const id of this.#listed.get(shard) ?? []) if (!ids.has(id)) this.#entered.delete(id);
    for (const id of ids) this.#left.delete(id);
    this.#listed.set(shard, ids);
  }
}

function idsIn(list: unknown): string[] {
  return listOf(list)
    .map((one) => fieldsOf(one)['id'])
    .filter(isSnowflake);
}

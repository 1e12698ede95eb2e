// Tested by test/contract/platform/discord.test.ts
import { LRUCache } from 'lru-cache';
import {
  asList,
  asRecord,
  asText,
  inOneLine,
  type JsonRecord,
} from '../../../core/foreign-data.ts';
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
  mayHaveRole(guild: string, roles: readonly string[]): boolean {
    const known = this.#roles.get(guild);
    return known === undefined || roles.some((role) => known.has(role));
  }

  /** Takes in a `READY`, `GUILD_CREATE` or `GUILD_DELETE`. */
  learn(type: string, payload: unknown): void {
    const fields = asRecord(payload);
    const { id } = fields;
    if (type === 'READY') {
      this.#learnAll(fields['guilds'], asList(fields['shard']));
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
    // A guild that is not listed any more was left while no events came in.
    for (const id of this.#listed.get(shard) ?? []) if (!ids.has(id)) this.#entered.delete(id);
    for (const id of ids) this.#left.delete(id);
    this.#listed.set(shard, ids);
  }
}

function idsIn(list: unknown): string[] {
  return asList(list)
    .map((one) => asRecord(one)['id'])
    .filter(isSnowflake);
}

/** Names of roles in memory. */
const maxNames = 50_000;

/** What roles are called, and which are the bot's own: people pick them where they mean the bot. */
export class GuildRoles {
  readonly #own = new Set<string>();
  readonly #names = new LRUCache<string, string>({ max: maxNames });

  /** Those that Discord made for the bot alone when it was invited. */
  get own(): ReadonlySet<string> {
    return this.#own;
  }

  readonly nameOf = (id: string): string | undefined => this.#names.get(id);

  /** Takes in what an event such as `GUILD_CREATE` or `GUILD_ROLE_UPDATE` tells. */
  learn(payload: unknown, botId: string): void {
    const { roles, role, role_id: gone } = asRecord(payload);
    for (const one of [...asList(roles), role]) this.#learnOne(asRecord(one), botId);
    if (isSnowflake(gone)) this.#forget(gone);
  }

  #learnOne({ id, name, tags }: JsonRecord, botId: string): void {
    if (!isSnowflake(id)) return;
    if (asRecord(tags)['bot_id'] === botId) this.#own.add(id);
    const called = asText(name);
    if (called === undefined) return;
    // Discord's own role for everybody is called "@everyone".
    this.#names.set(id, called.replace(/^@/, ''));
  }

  #forget(id: string): void {
    this.#own.delete(id);
    this.#names.delete(id);
  }
}

/** As many as Discord tells of at once; who has more looks after them by other means. */
const maxListed = 200;
/** Servers that are named in one line. */
const maxNamed = 5;
/** Discord's own limit is 100. */
const maxNameChars = 40;

/** The call that tells in which servers the bot is. */
export const guildListRequest = {
  path: '/users/@me/guilds',
  query: { limit: String(maxListed) },
} as const;

export function parseGuildList(answer: unknown): JsonRecord[] {
  return asList(answer).map(asRecord);
}

/** How many there are, such as `3`, or `200 or more`. */
export function guildCount(servers: readonly JsonRecord[]): string {
  return servers.length < maxListed ? String(servers.length) : `${maxListed} or more`;
}

/** The first few of their names, in a line of ours. */
export function guildNames(servers: readonly JsonRecord[]): string {
  const names = servers.slice(0, maxNamed).map(guildName).join(', ');
  return servers.length > maxNamed ? `${names}, …` : names;
}

export function guildName({ name }: JsonRecord): string {
  return inOneLine(asText(name) ?? '', maxNameChars) || 'a server without a name';
}

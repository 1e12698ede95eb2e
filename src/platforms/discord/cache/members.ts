// Tested by test/unit/platforms/discord/receive/access-check.test.ts
import { LRUCache } from 'lru-cache';
import { RequestThrottle } from '../../common/throttles.ts';
import { asList, asRecord } from '../../../core/foreign-data.ts';
import type { DiscordApi } from '../api/rest-api.ts';
import { DiscordApiError, errorCodes } from '../api/api-errors.ts';
import { isSnowflake } from '../api/snowflake.ts';

/** Time for which a membership is believed, in ms: people come, go, and are given roles. */
const cacheMs = 60 * 60_000;
/** Members in memory; others are asked for when it matters. */
const maxCached = 10_000;
/** A part of the 50 calls a second that Discord allows in all. */
const requestRate = { key: 'discord: members', burst: 20, perSecond: 20 };

/** Discord's ways to say that somebody is no member, or that the bot itself is none. */
const notMemberCodes = new Set<number>([
  errorCodes.unknownMember,
  errorCodes.unknownUser,
  errorCodes.unknownGuild,
  errorCodes.missingAccess,
]);

/** Somebody in a server. */
export interface Member {
  /** Ids, with that of the role that everybody has there. */
  readonly roles: readonly string[];
}

/** Who is a member of which server, remembered for an hour. */
export class Members {
  readonly #api: Pick<DiscordApi, 'read'>;
  readonly #throttle = new RequestThrottle(requestRate);
  readonly #known = new LRUCache<string, { readonly member: Member | undefined }>({
    max: maxCached,
    ttl: cacheMs,
    perf: performance,
  });

  constructor(api: Pick<DiscordApi, 'read'>) {
    this.#api = api;
  }

  /** A message showed that somebody is a member, with these roles. */
  learn(guild: string, person: string, roles: readonly string[]): void {
    this.#known.set(`${guild} ${person}`, { member: { roles: [guild, ...roles] } });
  }

  /** Whether this person is a member, as far as that is known without asking. */
  isKnownMember(guild: string, person: string): boolean {
    return this.#known.get(`${guild} ${person}`)?.member !== undefined;
  }

  /**
   * Undefined for whoever is no member. Throws `CallFailed` if Discord cannot be asked, and
   * `DiscordApiError` if it says something else.
   */
  async find(guild: string, person: string, signal: AbortSignal): Promise<Member | undefined> {
    const key = `${guild} ${person}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known.member;
    const member = await this.#ask(guild, person, signal);
    this.#known.set(key, { member });
    return member;
  }

  async #ask(guild: string, person: string, signal: AbortSignal): Promise<Member | undefined> {
    const path = `/guilds/${guild}/members/${person}` as const;
    try {
      const { roles } = asRecord(await this.#api.read(path, {}, this.#throttle, signal));
      return { roles: [guild, ...asList(roles).filter(isSnowflake)] };
    } catch (error) {
      if (error instanceof DiscordApiError && notMemberCodes.has(error.code)) return undefined;
      throw error;
    }
  }
}

import { type Fields, fieldsOf, listOf, textOf } from '../../../core/foreign-data.ts';
import { isSnowflake } from '../api/snowflake.ts';

/** Beyond this many, the name that is known longest is forgotten. */
const maxKnown = 50_000;

/** What roles are called, and which are the bot's own: people pick them where they mean the bot. */
export class Roles {
  readonly #own = new Set<string>();
  readonly #names = new Map<string, string>();

  /** Those that Discord made for the bot alone when it was invited. */
  get own(): ReadonlySet<string> {
    return this.#own;
  }

  readonly nameOf = (id: string): string | undefined => this.#names.get(id);

  /** Takes in what an event such as `GUILD_CREATE` or `GUILD_ROLE_UPDATE` tells. */
  learn(payload: unknown, botId: string): void {
    const { roles, role, role_id: gone } = fieldsOf(payload);
    for (const one of [...listOf(roles), role]) this.#learnOne(fieldsOf(one), botId);
    if (isSnowflake(gone)) this.#forget(gone);
  }

  #learnOne({ id, name, tags }: Fields, botId: string): void {
    if (!isSnowflake(id)) return;
    if (fieldsOf(tags)['bot_id'] === botId) this.#own.add(id);
    const called = textOf(name);
    if (called === undefined) return;
    if (this.#names.size >= maxKnown) this.#names.delete(this.#names.keys().next().value ?? '');
    // Discord's own role for everybody is called "@everyone".
    this.#names.set(id, called.replace(/^@/, ''));
  }

  #forget(id: string): void {
    this.#own.delete(id);
    this.#names.delete(id);
  }
}

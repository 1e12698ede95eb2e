import type { Log } from '../../core/ports/log.ts';
import type { SlackApi } from './api.ts';
import { fieldsOf, textOf } from '../../core/fields.ts';
import { Gate } from '../../core/gate.ts';

/** What is known of a person. */
interface Person {
  readonly name?: string;
  readonly team?: string;
}

/** People change their names now and then. */
const keepMs = 60 * 60_000;
const maxKept = 5_000;
/** An event must be acknowledged within 3 s; a name is not worth a redelivery. */
const patienceMs = 1_000;

/** Who is behind an id, remembered for a while. */
export class People {
  readonly #api: SlackApi;
  readonly #log: Log;
  readonly #gate = new Gate({ key: 'users.info', burst: 90, perSecond: 1.6 });
  readonly #known = new Map<string, { person: Promise<Person>; until: number }>();

  constructor(options: { api: SlackApi; log: Log }) {
    this.#api = options.api;
    this.#log = options.log;
  }

  /** Names by id; without those that Slack does not tell in time. */
  async names(ids: Iterable<string>, signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
    const names = new Map<string, string>();
    const asked = Array.from(new Set(ids), async (id) => {
      const { name } = await this.find(id, signal);
      if (name !== undefined) names.set(id, name);
    });
    await Promise.all(asked);
    return names;
  }

  /** Empty if Slack does not tell in time. Throws nothing but the signal's reason. */
  async find(id: string, signal: AbortSignal): Promise<Person> {
    const late = Promise.withResolvers<Person>();
    const timer = setTimeout(() => late.resolve({}), patienceMs);
    try {
      return await Promise.race([this.#ask(id), late.promise]);
    } catch (error) {
      signal.throwIfAborted();
      this.#log.debug({ err: error, user: id }, 'name not known');
      return {};
    } finally {
      clearTimeout(timer);
    }
  }

  #ask(id: string): Promise<Person> {
    const now = performance.now();
    const known = this.#known.get(id);
    if (known !== undefined && known.until > now) return known.person;
    if (this.#known.size >= maxKept) this.#known.delete(this.#known.keys().next().value ?? '');
    const person = this.#fetch(id);
    this.#known.delete(id);
    this.#known.set(id, { person, until: now + keepMs });
    // Whoever asks next may have more luck.
    person.catch(() => this.#known.delete(id));
    return person;
  }

  async #fetch(id: string): Promise<Person> {
    // Not the asking message's signal: others wait for the same name.
    const signal = AbortSignal.timeout(10 * patienceMs);
    const { user } = await this.#api.read('users.info', { user: id }, this.#gate, signal);
    const fields = fieldsOf(user);
    const profile = fieldsOf(fields['profile']);
    const name =
      textOf(profile['display_name']) ??
      textOf(profile['real_name']) ??
      textOf(fields['real_name']) ??
      textOf(fields['name']);
    const team = textOf(fields['team_id']);
    return {
      ...(name === undefined ? {} : { name }),
      ...(team === undefined ? {} : { team }),
    };
  }
}

import { LRUCache } from 'lru-cache';
import type { Log } from '../../../core/ports/log.ts';
import { CallFailed } from '../../../core/domain/errors.ts';
import type { SlackApi } from './web-api.ts';
import { SlackApiError } from './api-errors.ts';
import { asRecord, asText } from '../../../core/foreign-data.ts';
import { RequestThrottle } from '../../common/throttles.ts';

/** What is known of a person. */
interface UserInfo {
  readonly name?: string;
  readonly team?: string;
  /** The organisation's id, where their workspace belongs to one. */
  readonly enterprise?: string;
}

/** People change their names now and then. */
const cacheMs = 60 * 60_000;
const maxCached = 5_000;
/** People mentioned in one message whose names are looked up; the others are "someone". */
const maxMentioned = 20;
/** An event must be acknowledged within 3 s; a name is not worth a redelivery. */
const lookUpMs = 1_000;

/** Who is behind an id, remembered for a while. */
export class Users {
  readonly #api: SlackApi;
  readonly #log: Log;
  // Of the same limit, so that no number of mentions keeps an author's name from being known.
  readonly #authors = new RequestThrottle({ key: 'users.info', burst: 60, perSecond: 1 });
  readonly #mentioned = new RequestThrottle({ key: 'users.info', burst: 30, perSecond: 0.6 });
  readonly #known = new LRUCache<string, Promise<UserInfo>>({
    max: maxCached,
    ttl: cacheMs,
    perf: performance,
  });

  constructor(options: { api: SlackApi; log: Log }) {
    this.#api = options.api;
    this.#log = options.log;
  }

  /**
   * Names by id, of the authors of messages and of the first 20 people mentioned in each; without
   * those that Slack does not name in time.
   *
   * @param messages the people mentioned in each, in order
   */
  async namesOf(
    authors: readonly (string | undefined)[],
    messages: readonly (readonly string[])[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, string>> {
    const names = new Map<string, string>();
    const gates = new Map<string, RequestThrottle>();
    for (const mentioned of messages) {
      for (const id of [...new Set(mentioned)].slice(0, maxMentioned))
        gates.set(id, this.#mentioned);
    }
    for (const id of authors) if (id !== undefined) gates.set(id, this.#authors);
    const asked = Array.from(gates, async ([id, gate]) => {
      const name = await this.#nameOf(id, gate, signal);
      if (name !== undefined) names.set(id, name);
    });
    await Promise.all(asked);
    return names;
  }

  /**
   * Empty if Slack knows no such person, or does not describe them. Throws `CallFailed` if it does
   * not answer in time, and the signal's reason.
   */
  async lookUp(id: string, signal: AbortSignal): Promise<UserInfo> {
    return this.#inTime(id, this.#authors, signal);
  }

  async #inTime(id: string, gate: RequestThrottle, signal: AbortSignal): Promise<UserInfo> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => late.reject(new CallFailed('Slack does not tell in time who this is')),
      lookUpMs,
    );
    try {
      return await Promise.race([this.#ask(id, gate), late.promise]);
    } catch (error) {
      signal.throwIfAborted();
      this.#log.debug({ err: error, user: id }, 'person not known');
      if (error instanceof SlackApiError) return {};
      throw error instanceof CallFailed ? error : new CallFailed('not told', { cause: error });
    } finally {
      clearTimeout(timer);
    }
  }

  async #nameOf(
    id: string,
    gate: RequestThrottle,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    try {
      return (await this.#inTime(id, gate, signal)).name;
    } catch (error) {
      if (!(error instanceof CallFailed)) throw error;
      return undefined;
    }
  }

  #ask(id: string, gate: RequestThrottle): Promise<UserInfo> {
    const known = this.#known.get(id);
    if (known !== undefined) return known;
    const person = this.#fetch(id, gate);
    this.#known.set(id, person);
    // Whoever asks next may have more luck.
    person.catch(() => this.#known.delete(id));
    return person;
  }

  async #fetch(id: string, gate: RequestThrottle): Promise<UserInfo> {
    // Not the asking message's signal: others wait for the same name.
    const signal = AbortSignal.timeout(10 * lookUpMs);
    const { user } = await this.#api.read('users.info', { user: id }, gate, signal);
    const fields = asRecord(user);
    const profile = asRecord(fields['profile']);
    const name =
      asText(profile['display_name']) ??
      asText(profile['real_name']) ??
      asText(fields['real_name']) ??
      asText(fields['name']);
    const team = asText(fields['team_id']);
    const enterprise = asText(asRecord(fields['enterprise_user'])['enterprise_id']);
    return {
      ...(name === undefined ? {} : { name }),
      ...(team === undefined ? {} : { team }),
      ...(enterprise === undefined ? {} : { enterprise }),
    };
  }
}

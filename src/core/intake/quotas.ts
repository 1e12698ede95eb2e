import { withDeadline } from '../timing.ts';
import type { Log } from '../ports/log.ts';
import type { MeterCount, Meter, QuotaMeters, MeterReading } from '../ports/usage.ts';
import { userTexts } from '../domain/user-texts.ts';
import { type ConversationId, parseConversationId } from '../domain/conversation.ts';

/** The most that a person or a workspace may use within a window. */
export interface Quota {
  readonly scope: Meter['scope'];
  readonly unit: 'questions' | 'tokens';
  /** From 1. */
  readonly most: number;
}

export interface QuotasOptions {
  readonly meters: QuotaMeters;
  readonly quotas: readonly Quota[];
  /** How long a window lasts, in milliseconds. */
  readonly windowMs: number;
  readonly log: Log;
}

/** The result of a quota check. */
export interface QuotaCheck {
  /** Sentence for the author of a question that is refused; absent while something is left. */
  readonly refusal?: string;
  /** Counts the accepted question. The author is told when little is left. Never throws. */
  count(tell?: (sentence: string) => void): Promise<void>;
}

/** A quota, and the use of it when it was checked. */
interface QuotaState extends Quota, MeterReading {
  readonly meter: Meter;
}

/** Longest wait for the store, in milliseconds: a platform waits for 3 s, and a question takes two steps. */
const patienceMs = 1_000;

/**
 * Limits what people and workspaces use. A store that is away keeps no question back: what it
 * cannot count is free.
 */
export class Quotas {
  readonly #options: QuotasOptions;

  constructor(options: QuotasOptions) {
    this.#options = options;
  }

  /** Before a question is accepted; undefined if no quota applies. Never throws. */
  async check(subjects: QuotaSubjects): Promise<QuotaCheck | undefined> {
    const { quotas, meters } = this.#options;
    const mine = quotas.flatMap((quota) => {
      const meter = meterOf(subjects, quota.scope, quota.unit);
      return meter === undefined ? [] : [{ ...quota, meter }];
    });
    if (mine.length === 0) return undefined;
    const readings = await this.#try('quotas not looked at', () =>
      meters.read(mine.map(({ meter }) => meter)),
    );
    if (readings === undefined) return undefined;
    const states = mine.flatMap((each, i) => {
      const reading = readings[i];
      return reading === undefined ? [] : [{ ...each, ...reading }];
    });
    // With several quotas used up, the author waits for the one that renews last.
    const [spent] = states
      .filter(({ used, most }) => used >= most)
      .toSorted((a, b) => b.renewsInMs - a.renewsInMs);
    return {
      ...(spent === undefined ? {} : { refusal: userTexts.quotaUsedUp(spent) }),
      count: (tell) => this.#count(states, tell),
    };
  }

  /** After a turn: an answer is never cut, so the use may exceed the quota. Never throws. */
  async chargeTokens(subjects: QuotaSubjects, tokens: number): Promise<void> {
    const { quotas, meters, windowMs } = this.#options;
    if (tokens === 0) return;
    const counts = quotas.flatMap(({ scope, unit }) => {
      const meter = unit === 'tokens' ? meterOf(subjects, scope, unit) : undefined;
      return meter === undefined ? [] : [{ meter, amount: tokens, windowMs }];
    });
    if (counts.length > 0) await this.#try('tokens not charged', () => meters.add(counts));
  }

  async #count(states: readonly QuotaState[], tell?: (sentence: string) => void): Promise<void> {
    const { meters, windowMs } = this.#options;
    const steps = states.flatMap((state): { state: QuotaState; count: MeterCount }[] => {
      const { meter, unit, renewsInMs } = state;
      if (unit === 'questions') return [{ state, count: { meter, amount: 1, windowMs } }];
      if (tell === undefined || !isNear(state)) return [];
      // Once in a window, though tokens are used many at a time, and perhaps with no author to tell.
      const told = { meter: { ...meter, unit: 'told' as const }, amount: 1, windowMs: renewsInMs };
      return [{ state, count: told }];
    });
    if (steps.length === 0) return;
    const after = await this.#try('question not counted', () =>
      meters.add(steps.map(({ count }) => count)),
    );
    if (after === undefined || tell === undefined) return;
    for (const [i, { state }] of steps.entries()) {
      const reading = after[i];
      const notice = reading && noticeOf(state, reading);
      if (notice !== undefined) tell(notice);
    }
  }

  async #try<T>(failure: string, step: () => Promise<T>): Promise<T | undefined> {
    try {
      return await withDeadline(patienceMs, new AbortController().signal, step);
    } catch (error) {
      this.#options.log.warn({ err: error }, failure);
      return undefined;
    }
  }
}

function meterOf(
  subjects: QuotaSubjects,
  scope: Quota['scope'],
  unit: Meter['unit'],
): Meter | undefined {
  const id = subjects[scope];
  return id === undefined ? undefined : { scope, id, unit };
}

/** Notice after a count: when a fifth is left, and at the last one. */
function noticeOf(state: QuotaState, after: MeterReading): string | undefined {
  if (state.unit === 'tokens')
    return after.used === 1 ? userTexts.quotaNearlyUsedUp(state) : undefined;
  const now = { ...state, ...after };
  if (now.used === now.most) return userTexts.quotaLastUse(now);
  return isNear(now) && !isNear({ ...now, used: now.used - 1 })
    ? userTexts.quotaNearlyUsedUp(now)
    : undefined;
}

/** A fifth is left, or less, but something. */
function isNear({ used, most }: { used: number; most: number }): boolean {
  const left = most - used;
  return left > 0 && left * 5 <= most;
}

/** The person and the workspace that a question counts for, each with the platform's name in front. */
export interface QuotaSubjects {
  readonly platform: string;
  readonly person: string;
  /** Absent for a direct conversation that belongs to none. */
  readonly workspace?: string;
}

/** Whether a conversation is one person's alone, as on the web page: its first id is theirs. */
export function belongsToOnePerson(conversation: ConversationId, authorId: string): boolean {
  return parseConversationId(conversation).ids[0] === authorId;
}

/**
 * The author of a question and the workspace in which it was asked: the first id behind the
 * platform's name, unless that begins with `@`, as where there is none. A conversation that is
 * its author's alone, as on the web page, belongs to the platform as a whole.
 */
export function quotaSubjectsOf(conversation: ConversationId, authorId: string): QuotaSubjects {
  const { platform, ids } = parseConversationId(conversation);
  const [place = ''] = ids;
  const person = `${platform}:${authorId}`;
  if (place.startsWith('@')) return { platform, person };
  return {
    platform,
    person,
    workspace: belongsToOnePerson(conversation, authorId) ? platform : `${platform}:${place}`,
  };
}

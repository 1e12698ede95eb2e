import { RateLimited } from '../errors.ts';
import type { Log } from '../ports/log.ts';
import type { Budget } from '../ports/surface.ts';
import { Line } from './line.ts';
import type { Shares } from './shares.ts';
import { byUrgency, type Want, type Way } from './want.ts';

/** Beyond this many budgets (a channel each, mostly) those that nobody needs are forgotten. */
const maxLines = 1_000;
/** A final text that would wait longer goes another way, if it has one, in milliseconds. */
const patienceMs = 1_500;
/** A line is looked at again after so long at the latest, in milliseconds. */
const longestNapMs = 60_000;

/** One reply, as the pacer sees it. */
export interface Lane {
  /** The call that it wants to make, if any. Cheap: it is asked often and must not render. */
  want(): Want | undefined;
  /**
   * Makes that call, with the newest text at this moment; resolves to false, at once, if there
   * is nothing to call for after all. Deals with its own failures, but for `RateLimited`, which
   * it throws. Must end by itself.
   */
  perform(way: Way): Promise<boolean>;
}

/** A lane's place with the pacer. */
export interface Place {
  /** There may be something to do now. Cheap: called for every delta. */
  changed(): void;
  /** How long it is from one turn of a reply to its next, as things stand, in milliseconds. */
  turnMs(): number;
  /** What it wants is more urgent than what it wanted before. */
  hurry(): void;
  leave(): void;
}

/** The budgets that a lane's final text will spend, and those that it may spend instead. */
export interface Finals {
  readonly own: readonly Budget[];
  readonly instead: readonly Budget[];
}

interface Slot {
  readonly lane: Lane;
  /** What its final text will spend, and may spend instead; counted from its first want on. */
  readonly finals: Finals;
  counted:
    | {
        readonly own: readonly Line<Slot>[];
        readonly others: readonly Line<Slot>[];
        /** The key of what it will spend; that may change. */
        readonly key: string | undefined;
      }
    | undefined;
  /** `ready`: to be looked at; `short`: its budget is spent; `asleep`: until its timer. */
  state: 'idle' | 'ready' | 'short' | 'asleep' | 'calling' | 'gone';
  /** The platform asked for a pause, and no budget is to blame. */
  notBefore: number;
  /** Where it waits, if it is short. */
  line?: Line<Slot> | undefined;
  timer?: NodeJS.Timeout;
}

/**
 * Decides which reply may call the platform next: at most one call in flight per reply, no more
 * calls than the budgets allow, the most urgent first. A reply that waits, sleeps or hangs never
 * holds up another one whose budget has room.
 *
 * Whoever is short waits in the line of the budget that is short. A line is looked at when
 * somebody joins it and when there may be room: what that costs grows with the calls that are
 * made, never with the deltas that arrive.
 */
export class Pacer {
  readonly #log: Log;
  readonly #shares: Shares | undefined;
  readonly #lines = new Map<string, Line<Slot>>();
  /** To be looked at with the next pump. */
  readonly #ready = new Set<Slot>();
  readonly #due = new Set<Line<Slot>>();
  #scheduled = false;

  /** @param options `shares`: where other instances spend the same budgets */
  constructor(options: { log: Log; shares?: Shares | undefined }) {
    this.#log = options.log;
    this.#shares = options.shares;
  }

  /** @param finals something of what a final text will spend is kept for it */
  enlist(lane: Lane, finals: Finals = { own: [], instead: [] }): Place {
    const slot: Slot = { lane, finals, counted: undefined, state: 'idle', notBefore: 0 };
    return {
      changed: () => {
        if (slot.state === 'idle') this.#makeReady(slot);
      },
      turnMs: () => {
        const now = performance.now();
        return Math.max(0, ...(slot.counted?.own ?? []).map((line) => line.turnMs(now)));
      },
      hurry: () => {
        if (['idle', 'short', 'asleep'].includes(slot.state)) this.#makeReady(slot);
      },
      leave: () => this.#leave(slot),
    };
  }

  #leave(slot: Slot): void {
    if (slot.state === 'gone') return;
    this.#set(slot, 'gone');
    this.#uncount(slot);
  }

  #uncount(slot: Slot): void {
    if (slot.counted === undefined) return;
    for (const line of slot.counted.others) line.guests.delete(slot.counted);
    for (const line of slot.counted.own) {
      line.replies.delete(slot.counted);
      // What was kept for it is there for the others.
      if (line.waiting.size > 0) this.#makeDue(line);
    }
  }

  /** Changes the state, and leaves what belonged to the one before. */
  #set(slot: Slot, state: Slot['state']): void {
    clearTimeout(slot.timer);
    this.#ready.delete(slot);
    slot.line?.waiting.delete(slot);
    slot.line = undefined;
    slot.state = state;
  }

  #makeReady(slot: Slot): void {
    this.#set(slot, 'ready');
    this.#ready.add(slot);
    this.#schedule();
  }

  #makeDue(line: Line<Slot>): void {
    this.#due.add(line);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.#pump();
    });
  }

  /** Puts those that are ready in line, and serves the lines where something changed. */
  #pump(): void {
    const now = performance.now();
    const free: { slot: Slot; want: Want }[] = [];
    for (const slot of this.#ready) {
      const want = this.#ask(slot, now);
      if (want === undefined) continue;
      if (want.budgets.length === 0) free.push({ slot, want });
      else this.#join(slot, this.#slowest(want, now).line);
    }
    free.sort((a, b) => byUrgency(now)(a.want, b.want));
    for (const { slot, want } of free) this.#call(slot, want, now);
    // Those that move to another line are served there.
    for (const line of this.#due) {
      this.#due.delete(line);
      this.#serve(line, now);
    }
  }

  /** What it wants now; it sleeps or idles if that is nothing now. */
  #ask(slot: Slot, now: number): Want | undefined {
    this.#recount(slot, now);
    const want = slot.lane.want();
    if (slot.state === 'gone') return undefined;
    if (want === undefined) {
      this.#set(slot, 'idle');
      return undefined;
    }
    const sleepMs = Math.max(want.notBefore, slot.notBefore) - now;
    if (sleepMs <= 0) return want;
    this.#set(slot, 'asleep');
    slot.timer = setTimeout(() => this.#makeReady(slot), Math.ceil(sleepMs));
    return undefined;
  }

  #recount(slot: Slot, now: number): void {
    const { own } = slot.finals;
    if (slot.counted !== undefined && slot.counted.key === own[0]?.key) return;
    this.#uncount(slot);
    slot.counted = this.#count(own, slot.finals.instead, now);
  }

  #count(
    own: readonly Budget[],
    instead: readonly Budget[],
    now: number,
  ): NonNullable<Slot['counted']> {
    const counted = {
      key: own[0]?.key,
      own: own.map((budget) => this.#line(budget, now)),
      others: instead.map((budget) => this.#line(budget, now)),
    };
    for (const line of counted.own) line.replies.add(counted);
    for (const line of counted.others) line.guests.add(counted);
    return counted;
  }

  #join(slot: Slot, line: Line<Slot>): void {
    this.#set(slot, 'short');
    slot.line = line;
    line.waiting.add(slot);
    this.#due.add(line);
  }

  /** Lets everybody in the line call for whose budgets there is room, the most urgent first. */
  #serve(line: Line<Slot>, now: number): void {
    clearTimeout(line.timer);
    const wanting: { slot: Slot; want: Want }[] = [];
    for (const slot of line.waiting) {
      const want = this.#ask(slot, now);
      if (want !== undefined) wanting.push({ slot, want });
    }
    const order = byUrgency(now);
    wanting.sort((a, b) => order(a.want, b.want));
    let soonest = Number.POSITIVE_INFINITY;
    let ahead = 0;
    line.urgent = 0;
    for (const { slot, want } of wanting) {
      const slowest = this.#slowest(want, now);
      if (slowest.waitMs === 0) {
        this.#call(slot, want, now);
      } else if (slowest.line !== line) {
        this.#join(slot, slowest.line);
      } else {
        soonest = Math.min(soonest, slowest.waitMs);
        if (want.instead !== undefined && line.queueMs(now, ahead) > patienceMs) {
          const other = { ...want, budgets: want.instead };
          const { waitMs } = this.#slowest(other, now);
          if (waitMs === 0) this.#call(slot, other, now, true);
          else soonest = Math.min(soonest, waitMs);
        }
        if (slot.line === line) {
          ahead += 1;
          if (want.rank !== 'live') line.urgent += 1;
        }
      }
    }
    if (soonest < Number.POSITIVE_INFINITY) {
      line.timer = setTimeout(
        () => this.#makeDue(line),
        Math.min(longestNapMs, Math.ceil(soonest)),
      );
    }
  }

  /** The line of the budget with the longest wait. */
  #slowest(want: Want, now: number): { line: Line<Slot>; waitMs: number } {
    const grows = want.rank === 'live';
    let slowest: { line: Line<Slot>; waitMs: number } | undefined;
    for (const budget of want.budgets) {
      const line = this.#line(budget, now);
      const waitMs = line.waitMs(now, grows);
      if (slowest === undefined || waitMs > slowest.waitMs) slowest = { line, waitMs };
    }
    if (slowest === undefined) throw new Error('a call without budgets waits for none');
    return slowest;
  }

  #call(slot: Slot, want: Want, now: number, instead = false): void {
    const lines = want.budgets.map((budget) => this.#line(budget, now));
    for (const line of lines) line.take(now, want.rank === 'live');
    this.#set(slot, 'calling');
    const ended = (made: boolean): void => {
      for (const line of lines) {
        line.ended(made);
        if (line.oneAtATime && line.waiting.size > 0) this.#makeDue(line);
      }
    };
    slot.lane.perform({ instead }).then(
      (made) => {
        ended(made);
        if (slot.state === 'calling') this.#makeReady(slot);
      },
      (error: unknown) => {
        ended(true);
        if (error instanceof RateLimited) {
          this.#refused(slot, want.budgets, error, now);
        } else {
          // A lane that throws anything else is broken; asking it again would loop for ever.
          this.#log.error({ err: error }, 'reply lane broken');
        }
      },
    );
  }

  #refused(slot: Slot, budgets: readonly Budget[], error: RateLimited, takenAt: number): void {
    const { retryAfterMs, budgetKey } = error;
    const now = performance.now();
    const spent = budgets.filter(({ key }) => budgetKey === undefined || key === budgetKey);
    for (const budget of spent) this.#line(budget, now).refuse(now, retryAfterMs, takenAt);
    if (spent.length === 0) slot.notBefore = now + retryAfterMs;
    this.#log.warn({ budgets: budgets.map(({ key }) => key), retryAfterMs }, 'rate limited');
    if (slot.state === 'calling') this.#makeReady(slot);
  }

  #line(budget: Budget, now: number): Line<Slot> {
    let line = this.#lines.get(budget.key);
    if (line === undefined) {
      if (this.#lines.size >= maxLines) this.#forgetIdle(now);
      line = this.#newLine(budget, now);
      this.#lines.set(budget.key, line);
    }
    line.look(budget, now);
    return line;
  }

  #newLine(budget: Budget, now: number): Line<Slot> {
    const line = new Line<Slot>(budget, now);
    line.stake = this.#shares?.enter(
      {
        key: budget.key,
        limiter: line.limiter,
        demand: () => line.demand,
        urgent: () => (line.waiting.size === 0 ? 0 : line.urgent),
        changed: () => {
          if (line.waiting.size > 0) this.#makeDue(line);
        },
      },
      now,
    );
    return line;
  }

  #forgetIdle(now: number): void {
    for (const [key, line] of this.#lines) {
      if (!line.isIdle(now)) continue;
      this.#lines.delete(key);
      if (line.stake !== undefined) this.#shares?.leave(line.stake);
    }
  }
}

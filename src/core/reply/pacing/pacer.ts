import { RateLimited } from '../../domain/errors.ts';
import type { Log } from '../../ports/log.ts';
import type { Budget } from '../../ports/surface.ts';
import {
  byUrgency,
  type Finals,
  type Lane,
  type Place,
  Slot,
  Tally,
  type Want,
} from './scheduled-reply.ts';
import { type Line, Lines } from './budget-queues.ts';
import type { Shares } from './budget-sharing.ts';

export type { Lane } from './scheduled-reply.ts';

/** A final text that would wait longer goes another way, if it has one, in milliseconds. */
const patienceMs = 1_000;
/** A line is looked at again after so long at the latest, in milliseconds. */
const longestNapMs = 60_000;

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
  readonly #lines: Lines<Slot>;
  /** To be looked at with the next pump. */
  readonly #ready = new Set<Slot>();
  readonly #due = new Set<Line<Slot>>();
  #scheduled = false;

  /** @param options `shares`: where other instances spend the same budgets */
  constructor(options: { log: Log; shares?: Shares | undefined }) {
    this.#log = options.log;
    this.#lines = new Lines({ shares: options.shares, serve: (line) => this.#makeDue(line) });
  }

  /** @param finals something of what a final text will spend is kept for it */
  enlist(lane: Lane, finals: Finals = { own: [], instead: [] }): Place {
    const tally = new Tally(finals, this.#lines);
    const slot = new Slot(lane, tally);
    return {
      changed: () => {
        if (slot.state === 'idle') this.#makeReady(slot);
      },
      turnMs: () => tally.turnMs(performance.now()),
      hurry: () => {
        if (['idle', 'short', 'asleep'].includes(slot.state)) this.#makeReady(slot);
      },
      leave: () => this.#leave(slot),
    };
  }

  #leave(slot: Slot): void {
    if (slot.state === 'gone') return;
    this.#ready.delete(slot);
    slot.become('gone');
    slot.tally.leave();
  }

  #makeReady(slot: Slot): void {
    slot.become('ready');
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
      this.#ready.delete(slot);
      const want = this.#ask(slot, now);
      if (want === undefined) continue;
      if (want.budgets.length === 0) free.push({ slot, want });
      else this.#join(slot, this.#lines.slowest(want, now).line);
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
    slot.tally.renew(now);
    const want = slot.lane.want();
    if (slot.state === 'gone') return undefined;
    if (want === undefined) {
      slot.become('idle');
      return undefined;
    }
    const sleepMs = Math.max(want.notBefore, slot.notBefore) - now;
    if (sleepMs <= 0) return want;
    slot.sleep(sleepMs, () => this.#makeReady(slot));
    return undefined;
  }

  #join(slot: Slot, line: Line<Slot>): void {
    slot.join(line);
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
      const slowest = this.#lines.slowest(want, now);
      const other = this.#otherWay(want, ahead, now);
      const otherMs = other && this.#lines.slowest(other, now).waitMs;
      if (other !== undefined && otherMs === 0) {
        this.#call(slot, other, now, true);
      } else if (slowest.waitMs === 0) {
        this.#call(slot, want, now);
      } else if (slowest.line !== line) {
        this.#join(slot, slowest.line);
      } else {
        soonest = Math.min(soonest, slowest.waitMs, otherMs ?? Number.POSITIVE_INFINITY);
        ahead += 1;
        if (want.rank !== 'live') line.urgent += 1;
      }
    }
    if (soonest < Number.POSITIVE_INFINITY) {
      line.timer = setTimeout(
        () => this.#makeDue(line),
        Math.min(longestNapMs, Math.ceil(soonest)),
      );
    }
  }

  /** A final text that has another way leaves what is kept to those that have none. */
  #otherWay(want: Want, ahead: number, now: number): Want | undefined {
    const { budgets, instead } = want;
    if (instead === undefined) return undefined;
    const shared = new Set(instead.map(({ key }) => key));
    const own = budgets.filter(({ key }) => !shared.has(key));
    if (this.#lines.spareWaitMs(own, now, ahead) <= patienceMs) return undefined;
    return { ...want, budgets: instead };
  }

  #call(slot: Slot, want: Want, now: number, instead = false): void {
    const lines = want.budgets.map((budget) => this.#lines.of(budget, now));
    for (const line of lines) line.take(now, want.rank === 'live');
    slot.become('calling');
    const ended = (made: boolean): void => {
      for (const line of lines) {
        line.ended(made, now);
        if (line.oneAtATime) this.#lines.mayHaveRoom(line);
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
    for (const budget of spent) this.#lines.of(budget, now).refuse(now, error, takenAt);
    if (spent.length === 0) slot.notBefore = now + retryAfterMs;
    this.#log.warn({ budgets: budgets.map(({ key }) => key), retryAfterMs }, 'rate limited');
    if (slot.state === 'calling') this.#makeReady(slot);
  }
}

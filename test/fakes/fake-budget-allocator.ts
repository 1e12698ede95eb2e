import type {
  BudgetReport,
  Allocations,
  Observations,
  Allocation,
  BudgetAllocator,
} from '../../src/core/ports/budgets.ts';
import type { Lease } from '../../src/core/ports/store.ts';

interface Slice {
  level: number;
  readonly burst: number;
  readonly perSecond: number;
  readonly demand: number;
  /** Since when it has less than a call, where calls are that few. */
  readonly lacks: number | undefined;
  at: number;
}

interface Book {
  level: number;
  at: number;
  pause: number;
  readonly slices: Map<string, Slice>;
  readonly lessons: Map<keyof Observations, { value: number; at: number }>;
}

const blurMs = 500;
const even = 0.05;
const kept = 0.1;
const swift = 10;

/** Splits budgets between instances of one process, by the clock of `performance.now()`. */
export class FakeBudgetAllocator implements BudgetAllocator {
  /** Round trips made, and a fault that each of them meets. */
  trips = 0;
  fault: Error | undefined;
  readonly #instances = new Map<string, number>();
  readonly #books = new Map<string, Book>();

  allocate(
    { owner, leaseMs }: Lease,
    sinceMs: number,
    accounts: readonly BudgetReport[],
  ): Promise<Allocations> {
    this.trips += 1;
    if (this.fault !== undefined) return Promise.reject(this.fault);
    const now = performance.now();
    const away = Math.max(...this.#instances.values(), Number.NEGATIVE_INFINITY) < now - leaseMs;
    let settled = this.#instances.size > 0 || sinceMs === 0;
    for (const [other, before] of this.#instances) {
      const came = away ? now - 1 : before;
      this.#instances.set(other, came);
      if (came < now - leaseMs) this.#instances.delete(other);
      else if (other !== owner && came < now - sinceMs) settled = false;
    }
    this.#instances.set(owner, now);
    const members = this.#instances.size;
    const at = { owner, leaseMs, now, settled, members };
    const shares = accounts.map((account) => this.#divideOne(account, at));
    return Promise.resolve({ members, settled, shares });
  }

  /** Everything that was known. */
  lose(): void {
    this.#instances.clear();
    this.#books.clear();
  }

  release(owner: string): Promise<void> {
    this.#instances.delete(owner);
    return Promise.resolve();
  }

  #divideOne(
    account: BudgetReport,
    at: { owner: string; leaseMs: number; now: number; settled: boolean; members: number },
  ): Allocation | undefined {
    const { owner, leaseMs, now, settled, members } = at;
    const { burst, own } = account;
    let book = this.#books.get(account.key);
    if (book === undefined) {
      const level = account.had ? own.level : burst;
      const pause = Number.NEGATIVE_INFINITY;
      book = { level, at: now, pause, slices: new Map(), lessons: new Map() };
      this.#books.set(account.key, book);
    }
    const others = this.#othersOf(book, owner, leaseMs, now);
    const trickle = burst >= members ? Math.max(1, Math.floor(burst / members / 4)) : 0;
    const known = book.slices.has(owner) || account.whole;
    let level = known ? own.level : Math.min(own.level, trickle);
    const lessons = learn(book, account.lessons, now);

    const pause = now + account.pauseMs;
    let pauseMs: number | undefined;
    if (account.pauseMs > -leaseMs && pause > book.pause + blurMs) {
      Object.assign(book, { pause, level, at: pause });
      others.level = 0;
      for (const slice of book.slices.values()) {
        Object.assign(slice, { level: 0, at: Math.max(now, pause) });
      }
    } else if (book.pause > now - 2 * leaseMs && pause < book.pause - blurMs) {
      pauseMs = book.pause - now;
      level = 0;
    }

    const filled = book.level + (account.perSecond * Math.max(0, now - book.at)) / 1_000;
    const held = level + others.level;
    book.level = account.whole ? held : Math.max(Math.min(burst, filled) - account.spent, held);
    book.at = Math.max(now, book.pause);
    let lacks = account.spent === 0 ? book.slices.get(owner)?.lacks : undefined;
    book.slices.delete(owner);
    if (account.leaves) return undefined;

    const users = others.count + 1;
    const absent = members - users;
    const reserve = members > 1 ? kept * burst : 0;
    const rate = account.perSecond * (1 - (even * absent) / members);
    const over = (calls: number): number => Math.max(0, calls + absent * trickle - burst);
    const flows = account.perSecond >= swift && rate - over(users) > Math.min(users, burst);
    const beyond = (calls: number): number => (flows ? over(calls) : 0);
    const since = lacks ?? now;
    const waiting = [...book.slices.values()].filter((other) => (other.lacks ?? now) < since);
    const before = flows ? 0 : waiting.length;
    const wanted = ((1 - even) * account.demand) / (account.demand + others.demand) + even / users;
    const part = known ? wanted : Math.min(wanted, 1 / members);
    const lent = !flows && part * (burst - absent * trickle - reserve - before) < 1;
    const aside = absent * trickle + (lent ? 0 : before);
    let free = book.level - aside - held;
    const target = Math.max(0, part * (book.level - aside - reserve));
    const most = burst - aside - reserve;
    const share = { burst: level, perSecond: 0, gained: 0, most: 0, left: book.level };
    if (settled && lent) {
      const missing = Math.max(0, 1 - level);
      lacks = missing > 0 ? (lacks ?? now) : undefined;
      if (missing + before <= free) {
        share.gained = missing;
        lacks = undefined;
      }
      share.burst = Math.floor(level + share.gained);
    } else if (settled) {
      const spare = rate - others.perSecond;
      const least = flows ? 1 : 0;
      const atOnce = least + part * Math.max(0, most - least * users);
      const one = Math.min(least, burst - aside - others.burst + spare);
      share.burst = Math.max(0, one, Math.min(atOnce, most - others.burst));
      if (beyond(others.burst + share.burst) > 0) free = 0;
      const pool = Math.max(0, free - reserve);
      share.gained = Math.max(0, Math.min(target - level, share.burst - level, pool));
      const lacking = account.urgent - level - share.gained;
      share.gained += Math.max(0, Math.min(lacking, free - share.gained));
      share.burst = Math.max(share.burst, Math.min(level + share.gained, account.urgent));
      const rest = spare - beyond(others.burst + share.burst);
      share.perSecond = Math.max(0, Math.min(part * (rate - beyond(users)), rest));
      if (level + share.gained >= 1) lacks = undefined;
    }
    share.most = Math.max(target, account.urgent) + 1;
    book.slices.set(owner, {
      level: level + share.gained,
      burst: Math.max(own.burst, share.burst),
      perSecond: Math.max(own.perSecond, share.perSecond),
      demand: account.demand,
      lacks,
      at: book.at,
    });
    return { ...share, ...(pauseMs === undefined ? {} : { pauseMs }), lessons };
  }

  #othersOf(book: Book, owner: string, leaseMs: number, now: number) {
    const sum = { level: 0, burst: 0, perSecond: 0, demand: 0, count: 0 };
    for (const [other, slice] of book.slices) {
      const ms = Math.max(0, now - slice.at);
      if (other === owner) continue;
      if (this.#instances.has(other)) {
        const level = slice.level + (slice.perSecond * ms) / 1_000;
        sum.level += Math.max(slice.level, Math.min(slice.burst, level));
        sum.burst += slice.burst;
        sum.perSecond += slice.perSecond;
        sum.demand += slice.demand;
        sum.count += 1;
      } else {
        book.level -= slice.level + (slice.perSecond * Math.min(ms, leaseMs)) / 1_000;
        book.slices.delete(other);
      }
    }
    return sum;
  }
}

function learn(book: Book, lessons: Observations, now: number): Observations {
  for (const what of ['burst', 'perSecond'] as const) {
    const lesson = lessons[what];
    if (lesson === undefined) continue;
    const at = now - lesson.ageMs;
    const before = book.lessons.get(what)?.at ?? Number.NEGATIVE_INFINITY;
    if (at > before + blurMs) book.lessons.set(what, { value: lesson.value, at });
  }
  return Object.fromEntries(
    Array.from(book.lessons, ([what, { value, at }]) => [what, { value, ageMs: now - at }]),
  );
}

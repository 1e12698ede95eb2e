import { RateLimited } from '../src/core/domain/errors.ts';
import type { Budget, Surface, ReportedLimit } from '../src/core/ports/surface.ts';
import type { VirtualTime } from './virtual-time.ts';

/** A limit as a platform really keeps it. */
export interface EnforcedLimit {
  readonly shape: 'refill' | 'window';
  readonly burst: number;
  readonly perSecond: number;
}

/** What one kind of call spends: the limit that is believed, and the one that is true. */
export interface Spending {
  readonly budget: Budget;
  readonly limit: EnforcedLimit;
  /** The platform tells in its answers what is left. */
  readonly tells?: boolean;
}

interface State {
  left: number;
  at: number;
}

/** A platform with limits, where a call takes 100 ms in the median and is applied half-way. */
export class LimitedPlatform {
  readonly refusals: { readonly at: number; readonly key: string }[] = [];
  calls = 0;
  bytes = 0;
  readonly #time: VirtualTime;
  readonly #states = new Map<string, State>();
  readonly #told = new Map<string, ReportedLimit>();
  readonly #roundUp: boolean;
  #seed: number;

  /** @param options `roundUp`: Retry-After comes in whole seconds; `seed`: another one, another run */
  constructor(time: VirtualTime, options: { roundUp: boolean; seed: number }) {
    this.#time = time;
    this.#roundUp = options.roundUp;
    this.#seed = options.seed;
  }

  told(key: string): ReportedLimit | undefined {
    return this.#told.get(key);
  }

  /** The same numbers in each run. */
  random(): number {
    this.#seed = (this.#seed * 16_807) % 2_147_483_647;
    return this.#seed / 2_147_483_647;
  }

  /** Makes a call; throws `RateLimited` if a budget has no room. */
  async call<T>(spendings: readonly Spending[], bytes: number, apply: () => T): Promise<T> {
    this.calls += 1;
    const latencyMs = 70 + 60 * this.random();
    await this.#time.wait(latencyMs / 2);
    this.bytes += bytes;
    const waits = spendings.map((spending) => ({ spending, waitMs: this.#waitMs(spending) }));
    const short = waits.find(({ waitMs }) => waitMs > 0);
    let result: T | undefined;
    if (short === undefined) {
      for (const spending of spendings) this.#state(spending).left -= 1;
      result = apply();
    } else {
      this.refusals.push({ at: this.#time.now, key: short.spending.budget.key });
    }
    const told = spendings.filter(({ tells }) => tells).map((spending) => this.#tell(spending));
    await this.#time.wait(latencyMs / 2);
    for (const { key, told: news } of told) {
      const at = this.#time.now;
      this.#told.set(key, { ...news, at, resetsAt: at + news.resetsAt });
    }
    if (short === undefined) return result as T;
    const ms = this.#roundUp ? Math.ceil(short.waitMs / 1_000) * 1_000 : short.waitMs;
    throw new RateLimited(ms, { budgetKey: short.spending.budget.key });
  }

  #tell(spending: Spending): { key: string; told: ReportedLimit } {
    const { limit, budget } = spending;
    const state = this.#state(spending);
    const resetMs =
      limit.shape === 'window'
        ? state.at + windowMs(limit) - this.#time.now
        : ((limit.burst - state.left) / limit.perSecond) * 1_000;
    const left = Math.floor(Math.max(0, state.left));
    return { key: budget.key, told: { limit: limit.burst, left, at: 0, resetsAt: resetMs } };
  }

  #waitMs(spending: Spending): number {
    const { limit } = spending;
    const state = this.#state(spending);
    if (state.left >= 1) return 0;
    if (limit.shape === 'window') return state.at + windowMs(limit) - this.#time.now;
    return ((1 - state.left) / limit.perSecond) * 1_000;
  }

  #state({ budget, limit }: Spending): State {
    const now = this.#time.now;
    let state = this.#states.get(budget.key);
    if (state === undefined) this.#states.set(budget.key, (state = { left: limit.burst, at: now }));
    if (limit.shape === 'refill') {
      const gained = ((now - state.at) / 1_000) * limit.perSecond;
      state.left = Math.min(limit.burst, state.left + gained + 1e-9);
      state.at = now;
    } else if (now >= state.at + windowMs(limit)) {
      state.left = limit.burst;
      state.at = now;
    }
    return state;
  }
}

function windowMs(limit: EnforcedLimit): number {
  return (limit.burst / limit.perSecond) * 1_000;
}

/** Where one reply is written, with what people see of it at each moment. */
export class LimitedSurface implements Surface {
  readonly format: Surface['format'];
  readonly budgets: Surface['budgets'];
  readonly editFloorMs = 250;
  readonly callTimeoutMs = 10_000;
  readonly pages: string[] = [];
  /** After each change, how many characters people can read, white space left out. */
  readonly seen: { readonly at: number; readonly chars: number }[] = [];
  calls = 0;
  readonly #platform: LimitedPlatform;
  readonly #time: VirtualTime;
  readonly #spendings: Record<'post' | 'edit', readonly Spending[]>;
  readonly #chars: number[] = [];

  constructor(options: {
    platform: LimitedPlatform;
    time: VirtualTime;
    pageLimit: number;
    spendings: Record<'post' | 'edit', readonly Spending[]>;
  }) {
    const { platform, spendings, pageLimit } = options;
    this.#platform = platform;
    this.#time = options.time;
    this.#spendings = spendings;
    const budgetOf = ({ budget, tells }: Spending): Budget =>
      tells
        ? {
            ...budget,
            get reported() {
              return platform.told(budget.key);
            },
          }
        : budget;
    this.budgets = {
      post: spendings.post.map(budgetOf),
      edit: spendings.edit.map(budgetOf),
      remove: [],
    };
    this.format = {
      limit: pageLimit,
      render: (markdown) => markdown,
      size: (rendered) => rendered.length,
    };
  }

  post({ text }: { text: string }): Promise<string> {
    this.calls += 1;
    return this.#platform.call(this.#spendings.post, text.length, () => {
      const id = this.pages.push('') - 1;
      this.#show(id, text);
      return String(id);
    });
  }

  find(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  edit(id: string, text: string): Promise<void> {
    this.calls += 1;
    return this.#platform.call(this.#spendings.edit, text.length, () =>
      this.#show(Number(id), text),
    );
  }

  remove(id: string): Promise<void> {
    this.calls += 1;
    return this.#platform.call([], 0, () => this.#show(Number(id), ''));
  }

  #show(page: number, text: string): void {
    this.pages[page] = text;
    this.#chars[page] = text.replaceAll(/\s/g, '').length;
    this.seen.push({ at: this.#time.now, chars: this.#chars.reduce((sum, each) => sum + each, 0) });
  }
}

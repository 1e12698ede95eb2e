import { createHash } from 'node:crypto';
import { Bucket, type BucketState, type Shape } from './bucket.ts';

export interface LimitOptions {
  /** How many calls fit is multiplied by this, and what comes back in a time, too. */
  readonly scale?: number;
  /** By route, such as `PATCH /channels/:channel/messages/:message`. */
  readonly routes?: Readonly<Record<string, Shape>>;
  /** Over all routes; 50 by default. */
  readonly globalPerSecond?: number;
}

const window = (limit: number, perMs: number): Shape => ({ kind: 'window', limit, perMs });
const fivePer5s = window(5, 5_000);

/** Every other route: generous, as Discord's are, and not known. */
const otherwise = window(10, 1_000);

/** Per channel or guild. Behind `#name`: a limit of its own that no header tells of. */
const discordLimits: Readonly<Record<string, Shape>> = {
  'POST /channels/:channel/messages': fivePer5s,
  'PATCH /channels/:channel/messages/:message': fivePer5s,
  'DELETE /channels/:channel/messages/:message': window(5, 1_000),
  'GET /channels/:channel/messages': fivePer5s,
  'POST /channels/:channel/typing': fivePer5s,
  'POST /channels/:channel/messages/:message/threads': fivePer5s,
  'POST /channels/:channel/threads': fivePer5s,
  'PATCH /channels/:channel': fivePer5s,
  'PATCH /channels/:channel#name': window(2, 600_000),
};

/** What a call has spent, or why it may not be made. */
export interface Spending {
  readonly bucket: string;
  readonly state: BucketState;
  /** Absent if the call may be made. */
  readonly refused?: {
    readonly waitMs: number;
    readonly scope: 'user' | 'global';
    readonly foretold: boolean;
  };
}

/** What an answer said of a bucket. */
interface Told {
  readonly at: number;
  readonly remaining: number;
  readonly resetsAt: number;
}

/** An answer that was sent so shortly before a call cannot have been read by then. */
export const readWithinMs = 25;

/** Discord's rate limits: one bucket for each route and major id, and one over all. */
export class Limits {
  readonly #shapes = new Map<string, Shape>();
  readonly #buckets = new Map<string, Bucket>();
  readonly #told = new Map<string, Told>();
  readonly #isOff: boolean;
  readonly #scale: number;
  #global: Bucket | undefined;

  constructor(options: LimitOptions | 'off') {
    this.#isOff = options === 'off';
    const { scale = 1, routes = {}, globalPerSecond = 50 } = options === 'off' ? {} : options;
    this.#scale = scale;
    for (const [route, shape] of Object.entries({ ...discordLimits, ...routes })) {
      this.#shapes.set(route, scaled(shape, scale));
    }
    if (!this.#isOff) this.#global = new Bucket(scaled(window(globalPerSecond, 1_000), scale));
  }

  /** Changes a route's limit from now on; its buckets are full then. */
  set(route: string, shape: Shape): void {
    this.#shapes.set(route, shape);
    for (const key of this.#buckets.keys()) {
      if (key.startsWith(`${route} `)) this.#buckets.delete(key);
    }
  }

  setGlobal(perSecond: number): void {
    this.#global = new Bucket(window(perSecond, 1_000));
  }

  /**
   * Spends one call; if there is no room, spends nothing and tells when. `arrivedAt` is on the
   * clock of `performance.now()`. Undefined while there are no limits.
   */
  spend(call: {
    route: string;
    major: string;
    sublimit?: string | undefined;
    arrivedAt: number;
  }): Spending | undefined {
    if (this.#isOff) return undefined;
    const { route, major, sublimit, arrivedAt } = call;
    const key = `${route} ${major}`;
    const bucket = this.#bucket(route, major);
    const sub = sublimit === undefined ? undefined : this.#bucket(`${route}#${sublimit}`, major);
    const hash = createHash('md5').update(route).digest('hex');
    const refusal = this.#refusal(bucket, sub);
    if (refusal === undefined) {
      for (const spent of [this.#global, bucket, sub]) spent?.take();
      return { bucket: hash, state: bucket.state };
    }
    const told = this.#told.get(key);
    const foretold =
      refusal.by === 'own' &&
      told !== undefined &&
      told.remaining === 0 &&
      told.at + readWithinMs < arrivedAt &&
      arrivedAt < told.resetsAt;
    const scope = refusal.by === 'global' ? 'global' : 'user';
    const refused = { waitMs: refusal.waitMs, scope, foretold } as const;
    return { bucket: hash, state: bucket.state, refused };
  }

  /** An answer with these headers goes out. */
  tell(route: string, major: string, state: BucketState): void {
    const at = performance.now();
    const { remaining, resetAfterMs } = state;
    this.#told.set(`${route} ${major}`, { at, remaining, resetsAt: at + resetAfterMs });
  }

  /** Another process of the bot comes, which has not read any answer: nothing was foretold. */
  forgetTold(): void {
    this.#told.clear();
  }

  #refusal(
    own: Bucket,
    sub: Bucket | undefined,
  ): { waitMs: number; by: 'global' | 'own' | 'sub' } | undefined {
    const buckets = [
      ['global', this.#global],
      ['own', own],
      ['sub', sub],
    ] as const;
    for (const [by, bucket] of buckets) {
      const waitMs = bucket?.waitMs ?? 0;
      if (waitMs > 0) return { waitMs, by };
    }
    return undefined;
  }

  #bucket(route: string, major: string): Bucket {
    const key = `${route} ${major}`;
    const bucket =
      this.#buckets.get(key) ??
      new Bucket(this.#shapes.get(route) ?? scaled(otherwise, this.#scale));
    this.#buckets.set(key, bucket);
    return bucket;
  }
}

function scaled(shape: Shape, scale: number): Shape {
  const whole = (count: number): number => Math.max(1, Math.floor(count * scale));
  return shape.kind === 'window'
    ? { ...shape, limit: whole(shape.limit) }
    : { ...shape, depth: whole(shape.depth), everyMs: shape.everyMs / scale };
}

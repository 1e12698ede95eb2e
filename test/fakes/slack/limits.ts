/** A token bucket: so many calls at once, and so many a minute. */
export interface Limit {
  readonly depth: number;
  readonly perMinute: number;
}

export interface LimitOptions {
  /** All depths and rates times this. */
  readonly scale?: number;
  /** By method; `chat.postMessage#channel` is the limit of one channel. */
  readonly methods?: Readonly<Record<string, Limit>>;
  /** Whether a refused call gets HTTP 429, or 200 with `ok: false`; `status` by default. */
  readonly refuseBy?: 'status' | 'body';
}

const tier = (perMinute: number): Limit => ({ depth: perMinute, perMinute });
const tier2 = tier(20);
const tier3 = tier(50);
const tier4 = tier(100);

/** Per workspace, but for `apps.connections.open`, which is per app. */
const slackLimits: Readonly<Record<string, Limit>> = {
  'apps.connections.open': tier3,
  'assistant.threads.setStatus': tier(600),
  'assistant.threads.setSuggestedPrompts': tier4,
  'assistant.threads.setTitle': tier4,
  'bots.info': tier3,
  'chat.appendStream': tier4,
  'chat.delete': tier3,
  'chat.postEphemeral': tier4,
  'chat.postMessage': tier(300),
  'chat.postMessage#channel': { depth: 5, perMinute: 60 },
  'chat.startStream': tier2,
  'chat.stopStream': tier2,
  'chat.update': tier3,
  'conversations.history': tier3,
  'conversations.info': tier3,
  'conversations.list': tier2,
  'conversations.replies': tier3,
  'reactions.add': tier3,
  'reactions.remove': tier2,
  'users.conversations': tier3,
  'users.info': tier4,
  'views.publish': tier4,
};

/** Slack's rate limits, kept by token buckets. */
export class Limits {
  refuseBy: 'status' | 'body';
  readonly #limits: Map<string, Limit>;
  readonly #buckets = new Map<string, { tokens: number; at: number }>();

  constructor(options: LimitOptions | 'off') {
    if (options === 'off') {
      this.#limits = new Map();
      this.refuseBy = 'status';
      return;
    }
    this.refuseBy = options.refuseBy ?? 'status';
    const scale = options.scale ?? 1;
    this.#limits = new Map(
      Object.entries({ ...slackLimits, ...options.methods }).map(([method, limit]) => [
        method,
        { depth: limit.depth * scale, perMinute: limit.perMinute * scale },
      ]),
    );
  }

  /** Changes a method's limit from now on; its bucket is full then. */
  set(method: string, limit: Limit): void {
    this.#limits.set(method, limit);
    for (const key of this.#buckets.keys()) {
      if (key.startsWith(`${method} `)) this.#buckets.delete(key);
    }
  }

  /** Spends one call; if there is no room, spends nothing and tells when, in whole seconds. */
  spend(method: string, owner: string, channel: string | undefined): number | undefined {
    const buckets = [this.#bucket(method, owner)];
    if (channel !== undefined)
      buckets.push(this.#bucket(`${method}#channel`, `${owner} ${channel}`));
    let waitMs = 0;
    for (const bucket of buckets) {
      if (bucket === undefined || bucket.state.tokens >= 1) continue;
      waitMs = Math.max(waitMs, ((1 - bucket.state.tokens) * 60_000) / bucket.limit.perMinute);
    }
    if (waitMs > 0) return Math.max(1, Math.ceil(waitMs / 1_000));
    for (const bucket of buckets) if (bucket !== undefined) bucket.state.tokens -= 1;
    return undefined;
  }

  #bucket(method: string, owner: string) {
    const limit = this.#limits.get(method);
    if (limit === undefined) return undefined;
    const key = `${method} ${owner}`;
    const now = performance.now();
    const state = this.#buckets.get(key) ?? { tokens: limit.depth, at: now };
    this.#buckets.set(key, state);
    const gained = ((now - state.at) * limit.perMinute) / 60_000;
    state.tokens = Math.min(limit.depth, state.tokens + gained);
    state.at = now;
    return { limit, state };
  }
}

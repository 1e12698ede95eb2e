import { parseArgs } from 'node:util';
import { RateLimited } from '../src/core/domain/errors.ts';
import type { Budget } from '../src/core/ports/surface.ts';
import { LiveReply } from '../src/core/reply/live-reply.ts';
import { Pacer } from '../src/core/reply/pacing/pacer.ts';
import { BudgetSharing } from '../src/core/reply/pacing/budget-sharing.ts';
import { rateLimitsOf } from '../src/platforms/slack/api/rate-limits.ts';
import { FakeBudgetAllocator } from '../test/fakes/fake-budget-allocator.ts';
import { freshness, type Freshness, type Token } from './text-age.ts';
import {
  LimitedPlatform,
  LimitedSurface,
  type Spending,
  type EnforcedLimit,
} from './limited-platform.ts';
import { VirtualTime } from './virtual-time.ts';

/**
 * Many replies against platforms with limits, in virtual time: how old what people see is, with
 * the pacer and with a bot that edits every second.
 *
 * `node bench/pace-sim.ts [--only REGEXP] [--naive] [--runs N]`
 */
const quiet = { debug() {}, info() {}, warn() {}, error() {} };

interface Scenario {
  readonly name: string;
  readonly replies: number;
  readonly chars: number;
  readonly tokensPerSecond: number;
  /** So many replies begin every 15 s. */
  readonly wave?: number;
  readonly oneChannel?: boolean;
  readonly platform: 'slack' | 'discord window' | 'discord refill';
  /** The platform's true limits, as shares of what is believed. */
  readonly trueBurst?: number;
  readonly trueRate?: number;
  /** The replies are spread over so many instances that share the budgets; 1 by default. */
  readonly instances?: number;
  /** The first instance has so large a part of the replies. */
  readonly lopsided?: number;
}

type Writer = (surface: LimitedSurface, tokens: AsyncIterable<string>) => Promise<void>;

interface Writing {
  readonly write: Writer;
  stop(): Promise<void>;
}

/** Plain paragraphs: what is rendered is what was written. */
function prose(chars: number): string {
  const sentence = 'People read this while it is written, so that the words come steadily. ';
  const paragraph = `${sentence.repeat(5).trimEnd()}\n\n`;
  return paragraph
    .repeat(Math.ceil(chars / paragraph.length))
    .slice(0, chars)
    .trimEnd();
}

function slackLimit(budget: Budget): EnforcedLimit {
  if (budget.key.endsWith('chat.update')) return { shape: 'refill', burst: 50, perSecond: 50 / 60 };
  if (budget.burst > 100) return { shape: 'refill', burst: 300, perSecond: 5 };
  return { shape: 'refill', burst: 5, perSecond: 1 };
}

function spendingsOf(scenario: Scenario, channel: number): Record<'post' | 'edit', Spending[]> {
  const { platform, trueBurst = 1, trueRate = 1 } = scenario;
  const scaled = (limit: EnforcedLimit): EnforcedLimit => ({
    ...limit,
    burst: Math.max(1, Math.round(limit.burst * trueBurst)),
    perSecond: limit.perSecond * trueRate,
  });
  if (platform === 'slack') {
    const budgets = rateLimitsOf({ team: 'T1', channel: `C${channel}` });
    const spending = (budget: Budget): Spending => ({ budget, limit: scaled(slackLimit(budget)) });
    return { post: budgets.post.map(spending), edit: budgets.edit.map(spending) };
  }
  const shape = platform === 'discord window' ? 'window' : 'refill';
  const limit = scaled({ shape, burst: 5, perSecond: 1 });
  const own = (kind: string): Spending => {
    const key = `discord:C${channel}:${kind}`;
    const budget = { key, burst: 5, perSecond: 1, oneAtATime: kind === 'edit' };
    return { tells: true, limit, budget };
  };
  const global: Spending = {
    budget: { key: 'discord:global', burst: 46, perSecond: 46 },
    limit: { shape: 'refill', burst: 50, perSecond: 50 },
  };
  return { post: [own('post'), global], edit: [own('edit'), global] };
}

interface Result {
  readonly each: readonly Freshness[];
  readonly calls: number;
  readonly bytesPerChar: number;
  readonly refusals: readonly { readonly at: number; readonly key: string }[];
  readonly lastMs: number;
}

async function simulate(
  scenario: Scenario,
  seed: number,
  writerOf: (scenario: Scenario) => Promise<Writing>,
): Promise<Result> {
  const time = new VirtualTime();
  const platform = new LimitedPlatform(time, { roundUp: scenario.platform === 'slack', seed });
  const text = prose(scenario.chars);
  const deltas = text.match(/[\s\S]{1,4}/g) ?? [];
  const each: Freshness[] = [];
  let calls = 0;
  await time.run(async () => {
    const writing = await writerOf(scenario);
    const wave = scenario.wave ?? scenario.replies;
    const replies = Array.from({ length: scenario.replies }, async (_, index) => {
      await time.wait(1_000 + 15_000 * Math.floor(index / wave) + 50 * platform.random());
      const channel = scenario.oneChannel === true ? 0 : index % 1_000;
      const spendings = spendingsOf(scenario, channel);
      const pageLimit = scenario.platform === 'slack' ? 9_000 : 2_000;
      const surface = new LimitedSurface({ platform, time, pageLimit, spendings });
      const tokens: Token[] = [];
      let chars = 0;
      async function* stream(): AsyncGenerator<string> {
        for (const delta of deltas) {
          chars += delta.replaceAll(/\s/g, '').length;
          tokens.push({ at: time.now, chars });
          yield delta;
          await time.wait(1_000 / scenario.tokensPerSecond);
        }
      }
      await writing.write(surface, stream());
      const read = surface.pages.join('').replaceAll(/\s/g, '');
      if (read !== text.replaceAll(/\s/g, '')) {
        throw new Error(`${scenario.name}: a reply reads otherwise than it was written`);
      }
      each.push(freshness(tokens, surface.seen));
      calls += surface.calls;
    });
    await Promise.all(replies);
    await writing.stop();
  });
  return {
    each,
    calls,
    bytesPerChar: platform.bytes / (scenario.replies * text.length),
    refusals: platform.refusals,
    lastMs: time.now,
  };
}

/** The real live reply and the real pacer, one for each instance. */
async function paced({ instances = 1, lopsided }: Scenario): Promise<Writing> {
  const budgets = new FakeBudgetAllocator();
  const shares = Array.from({ length: instances === 1 ? 0 : instances }, (_, i) => {
    return new BudgetSharing({ budgets, owner: `${i}`, log: quiet });
  });
  for (const each of shares) await each.start();
  const pacers = Array.from({ length: instances }, (_, i) => {
    return new Pacer({ log: quiet, sharing: shares[i] });
  });
  let replies = 0;
  const write: Writer = async (surface, tokens) => {
    const id = (replies += 1);
    const first = lopsided !== undefined && id % 10 < lopsided * 10;
    const pacer = pacers[first ? 0 : id % instances]!;
    const reply = new LiveReply({
      surface,
      pacer,
      pageRecords: { save: () => Promise.resolve(), drop: () => Promise.resolve() },
      keyOf: (index) => `${id}.${index}`,
      pages: [],
      onGivenUp: () => undefined,
      log: quiet,
    });
    let text = '';
    for await (const delta of tokens) {
      text += delta;
      reply.push(delta);
    }
    await reply.end({ outcome: 'done', text });
    await reply.close();
  };
  return {
    write,
    async stop() {
      for (const each of shares) await each.stop();
    },
  };
}

/** A bot as most are: an edit every second, and what was refused is sent again as it was. */
function naive(): Promise<Writing> {
  const write: Writer = async (surface, tokens) => {
    const limit = surface.format.limit;
    let text = '';
    let over = false;
    const writing = (async () => {
      for await (const delta of tokens) text += delta;
      over = true;
    })();
    const ids: string[] = [];
    const retried = async <T>(call: () => Promise<T>): Promise<T> => {
      for (;;) {
        try {
          return await call();
        } catch (error) {
          if (!(error instanceof RateLimited)) throw error;
          await new Promise((resolve) => setTimeout(resolve, error.retryAfterMs));
        }
      }
    };
    let shown = '';
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, ids.length === 0 ? 1 : 1_000));
      const ending = over;
      const now = text;
      for (let page = 0; page * limit < now.length; page += 1) {
        const part = now.slice(page * limit, (page + 1) * limit);
        const id = ids[page];
        if (id === undefined) {
          ids[page] = await retried(() => surface.post({ text: part }));
        } else if (shown.slice(page * limit, (page + 1) * limit) !== part) {
          await retried(() => surface.edit(id, part));
        }
      }
      shown = now;
      if (ending) break;
    }
    await writing;
  };
  return Promise.resolve({ write, stop: () => Promise.resolve() });
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** Mean age that no pacing of edits and posts can beat: the calls there are, spread evenly. */
function bound(scenario: Scenario): number {
  const { replies, chars, tokensPerSecond, wave, trueBurst = 1, trueRate = 1 } = scenario;
  const seconds = chars / 4 / tokensPerSecond;
  const all = wave === undefined ? seconds : (replies / wave) * 15;
  const shared = scenario.platform === 'slack' || scenario.oneChannel === true;
  const [burst, rate] = scenario.platform === 'slack' ? [50, 50 / 60] : [5, 1];
  const edits = (burst * trueBurst + rate * trueRate * all) * (shared ? 1 : replies);
  // Posts can show a first text and a remainder, so that none of the edits is spent on those.
  return (seconds * replies) / (2 * (edits + replies));
}

const round = (value: number): number => Math.round(value * 100) / 100;

function row(scenario: Scenario, who: string, result: Result): Record<string, string | number> {
  const column = (pick: (one: Freshness) => number): number[] => result.each.map(pick);
  const means = column(({ mean }) => mean);
  const keys = new Map<string, number>();
  for (const { at, key } of result.refusals) {
    if (at > 121_000) keys.set(key, (keys.get(key) ?? 0) + 1);
  }
  const minutes = Math.max(1, (result.lastMs - 121_000) / 60_000);
  return {
    scenario: scenario.name,
    who,
    first: round(
      quantile(
        column(({ firstText }) => firstText),
        0.5,
      ),
    ),
    'age writing': round(
      quantile(
        column(({ meanWriting }) => meanWriting),
        0.5,
      ),
    ),
    'age to end': round(quantile(means, 0.5)),
    mean: round(means.reduce((total, one) => total + one, 0) / means.length),
    worst: round(Math.max(...means)),
    p95: round(
      quantile(
        column(({ p95 }) => p95),
        0.5,
      ),
    ),
    max: round(Math.max(...column(({ max }) => max))),
    'lag p50': round(
      quantile(
        column(({ lag }) => lag),
        0.5,
      ),
    ),
    'lag max': round(Math.max(...column(({ lag }) => lag))),
    bound: round(bound(scenario)),
    'lag>2s': round(column(({ lag }) => lag).filter((lag) => lag > 2).length / result.each.length),
    'calls/reply': round(result.calls / scenario.replies),
    'B/char': round(result.bytesPerChar),
    429: result.refusals.length,
    '429/key min later': round(Math.max(0, ...keys.values()) / minutes),
  };
}

const short = { chars: 2_000, tokensPerSecond: 50 };
const long = { chars: 3_000, tokensPerSecond: 60 };
const slack = { platform: 'slack' } as const;
const scenarios: Scenario[] = [
  { name: 'slack 1', replies: 1, ...short, ...slack },
  { name: 'slack 1 of 40 s', replies: 1, chars: 8_000, tokensPerSecond: 50, ...slack },
  { name: 'slack 10', replies: 10, ...short, ...slack },
  { name: 'slack 50', replies: 50, ...long, ...slack },
  { name: 'slack 50 on 3', replies: 50, ...long, ...slack, instances: 3 },
  {
    name: 'slack 50, 8 in 10 on one of 3',
    replies: 50,
    ...long,
    ...slack,
    instances: 3,
    lopsided: 0.8,
  },
  { name: 'slack 10 on 3', replies: 10, ...short, ...slack, instances: 3 },
  { name: 'slack 10 per 15 s on 3', replies: 120, wave: 10, ...long, ...slack, instances: 3 },
  {
    name: 'slack 5, one channel on 3',
    replies: 5,
    ...short,
    ...slack,
    oneChannel: true,
    instances: 3,
  },
  {
    name: 'slack half on 3',
    replies: 200,
    wave: 5,
    ...long,
    ...slack,
    trueBurst: 0.5,
    trueRate: 0.5,
    instances: 3,
  },
  {
    name: 'discord window 50 on 3',
    replies: 50,
    ...long,
    platform: 'discord window',
    instances: 3,
  },
  { name: 'slack 200', replies: 200, ...long, ...slack },
  { name: 'slack 5, one channel', replies: 5, ...short, ...slack, oneChannel: true },
  { name: 'slack 50, one channel', replies: 50, ...long, ...slack, oneChannel: true },
  { name: 'slack 10 per 15 s', replies: 120, wave: 10, ...long, ...slack },
  ...(['discord window', 'discord refill'] as const).flatMap((platform): Scenario[] => [
    { name: `${platform} 1`, replies: 1, ...short, platform },
    { name: `${platform} 50`, replies: 50, ...long, platform },
    { name: `${platform} 5, one channel`, replies: 5, ...short, oneChannel: true, platform },
    { name: `${platform} half`, replies: 50, ...long, platform, trueBurst: 0.5, trueRate: 0.5 },
  ]),
  { name: 'slack half', replies: 200, wave: 5, ...long, ...slack, trueBurst: 0.5, trueRate: 0.5 },
  { name: 'slack burst/5', replies: 200, wave: 5, ...long, ...slack, trueBurst: 0.2 },
  {
    name: 'slack burst/5 on 3',
    replies: 200,
    wave: 5,
    ...long,
    ...slack,
    trueBurst: 0.2,
    instances: 3,
  },
  { name: 'slack burst/5, quiet', replies: 60, wave: 1, ...long, ...slack, trueBurst: 0.2 },
];

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    naive: { type: 'boolean' },
    runs: { type: 'string', default: '1' },
  },
});

/** Several runs, with latencies and beginnings of their own, as if they were one. */
async function simulateAll(
  scenario: Scenario,
  writerOf: (scenario: Scenario) => Promise<Writing>,
): Promise<Result> {
  const runs: Result[] = [];
  for (let seed = 1; seed <= Number(values.runs); seed += 1) {
    runs.push(await simulate(scenario, seed * 7_919, writerOf));
  }
  const sum = (pick: (run: Result) => number): number =>
    runs.reduce((total, run) => total + pick(run), 0);
  return {
    each: runs.flatMap(({ each }) => each),
    calls: sum(({ calls }) => calls) / runs.length,
    bytesPerChar: sum(({ bytesPerChar }) => bytesPerChar) / runs.length,
    // The worst of them.
    refusals: runs.map(({ refusals }) => refusals).toSorted((a, b) => b.length - a.length)[0] ?? [],
    lastMs: Math.max(...runs.map(({ lastMs }) => lastMs)),
  };
}

const rows: Record<string, string | number>[] = [];
for (const scenario of scenarios) {
  if (values.only !== undefined && !new RegExp(values.only).test(scenario.name)) continue;
  rows.push(row(scenario, 'paced', await simulateAll(scenario, paced)));
  if (values.naive) rows.push(row(scenario, 'naive', await simulateAll(scenario, naive)));
}
console.table(rows);

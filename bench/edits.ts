import type { PageFormat } from '../src/core/ports/surface.ts';
import type { ScheduledReply } from '../src/core/reply/pacing/scheduled-reply.ts';
import { LiveReply } from '../src/core/reply/live-reply.ts';
import { ReplyWaits } from '../src/core/reply/pacing/reply-waits.ts';
import type { Log } from '../src/core/ports/log.ts';
import type { Pacer } from '../src/core/reply/pacing/pacer.ts';
import { discordFormat } from '../src/platforms/discord/reply/markdown-format.ts';
import { slackFormat } from '../src/platforms/slack/reply/markdown-format.ts';
import { webFormat } from '../src/platforms/web/surface.ts';
import { deltasOf, sampleMarkdown } from './sample.ts';

/** An edit after so many deltas: about what a reply of 60 tokens a second gets. */
const deltasPerEdit = 15;
const sizes = [2_000, 32_000, 512_000];
/** Everything is measured so often, in turns; the median counts. */
const rounds = 7;
const formats = { web: webFormat, slack: slackFormat, discord: discordFormat };

interface Cost {
  readonly format: string;
  readonly chars: number;
  readonly deltas: number;
  readonly calls: number;
  readonly usPerDelta: number;
  readonly usPerCall: number;
}

/** What a delta and a platform call cost, whatever the length of the reply. */
export async function benchEdits(): Promise<{ costs: Cost[]; worstRatio: number }> {
  const costs: Cost[] = [];
  const ratios: number[] = [];
  for (const [name, format] of Object.entries(formats)) {
    const measured = await measure(name, format);
    for (const chars of sizes) costs.push(typical(measured.map((round) => costOf(round, chars))));
    // What else the machine does falls on neighbours alike: each round is compared within itself.
    for (const cost of [(each: Cost) => each.usPerCall, usInAll]) {
      ratios.push(
        median(measured.map((round) => cost(costOf(round, 512_000)) / cost(costOf(round, 32_000)))),
      );
    }
  }
  process.stderr.write('\n');
  return { costs, worstRatio: Math.max(...ratios) };
}

/** Every size once a round; each second round in the other order, so that none is always first. */
async function measure(name: string, format: PageFormat): Promise<Cost[][]> {
  const measured: Cost[][] = [];
  // The first one only warms up.
  for (let round = 0; round <= rounds; round += 1) {
    const costs: Cost[] = [];
    for (const chars of round % 2 === 0 ? sizes : sizes.toReversed()) {
      costs.push(await stream(name, format, chars, Math.max(...sizes) / chars));
    }
    if (round > 0) measured.push(costs);
    process.stderr.write('.');
  }
  return measured;
}

function costOf(round: readonly Cost[], chars: number): Cost {
  const cost = round.find((each) => each.chars === chars);
  if (cost === undefined) throw new Error(`replies of ${chars} characters were not measured`);
  return cost;
}

function usInAll({ deltas, usPerDelta, calls, usPerCall }: Cost): number {
  return usPerDelta * deltas + usPerCall * calls;
}

/** The same measured several times. */
function typical(costs: readonly Cost[]): Cost {
  const [first] = costs;
  if (first === undefined) throw new Error('nothing was measured');
  return {
    ...first,
    usPerDelta: median(costs.map((cost) => cost.usPerDelta)),
    usPerCall: median(costs.map((cost) => cost.usPerCall)),
  };
}

/** Of an odd number of values. */
function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[(values.length - 1) / 2] ?? Number.NaN;
}

/** Streams so many replies one after the other; whatever their size, they have as many deltas. */
async function stream(
  name: string,
  format: PageFormat,
  chars: number,
  replies: number,
): Promise<Cost> {
  const deltas = deltasOf(sampleMarkdown(chars));
  let pushMs = 0;
  let callMs = 0;
  let calls = 0;
  for (let index = 0; index < replies; index += 1) {
    const reply = openReply(format);
    const perform = async (): Promise<void> => {
      if (reply.callRequest() === undefined) return;
      const startedAt = performance.now();
      await reply.perform();
      callMs += performance.now() - startedAt;
      calls += 1;
    };
    for (let at = 0; at < deltas.length; at += deltasPerEdit) {
      const startedAt = performance.now();
      for (const delta of deltas.slice(at, at + deltasPerEdit)) reply.push(delta);
      pushMs += performance.now() - startedAt;
      await perform();
    }
    const ended = reply.end({ outcome: 'done', text: deltas.join('') });
    while (reply.callRequest() !== undefined) await perform();
    await ended;
  }
  return {
    format: name,
    chars,
    deltas: deltas.length * replies,
    calls,
    usPerDelta: (pushMs * 1_000) / (deltas.length * replies),
    usPerCall: (callMs * 1_000) / calls,
  };
}

/** A reply on a platform that takes no time, called by hand instead of by a pacer. */
function openReply(format: PageFormat): LiveReply {
  const byHand = {
    register: (_: ScheduledReply, __: unknown, log: Log) => ({
      waits: new ReplyWaits(log),
      changed() {},
      moreUrgent() {},
      unregister() {},
      updateIntervalMs: () => 0,
    }),
  };
  return new LiveReply({
    surface: {
      format,
      budgets: { post: [], edit: [], remove: [] },
      editFloorMs: 0,
      callTimeoutMs: 60_000,
      post: ({ key }) => Promise.resolve(key),
      find: () => Promise.resolve(undefined),
      edit: () => Promise.resolve(),
      remove: () => Promise.resolve(),
    },
    pacer: byHand as unknown as Pacer,
    pageRecords: { save: () => Promise.resolve(), drop: () => Promise.resolve() },
    keyOf: (index) => `${index}`,
    pages: [],
    onGivenUp: (reason) => {
      throw reason;
    },
    log: { debug() {}, info() {}, warn() {}, error() {} },
  });
}

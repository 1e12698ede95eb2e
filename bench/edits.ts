import type { PageFormat } from '../src/core/ports/surface.ts';
import { LiveReply } from '../src/core/reply/live-reply.ts';
import type { Lane, Pacer } from '../src/core/reply/pacer.ts';
import { discordFormat } from '../src/platforms/discord/format.ts';
import { slackFormat } from '../src/platforms/slack/format.ts';
import { webFormat } from '../src/platforms/web/format.ts';
import { deltasOf, sampleMarkdown } from './sample.ts';

/** An edit after so many deltas: about what a reply of 60 tokens a second gets. */
const deltasPerEdit = 15;
const sizes = [2_000, 32_000, 512_000];
/** Each size is measured so often; the best counts. */
const blocks = 4;
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
  for (const [name, format] of Object.entries(formats)) {
    for (const chars of sizes) {
      let best: Cost | undefined;
      for (let block = 0; block < blocks; block += 1) {
        const cost = await stream(name, format, chars, Math.max(...sizes) / chars);
        // Whatever else the machine does only adds: the least is nearest to the truth.
        best = {
          ...cost,
          usPerDelta: Math.min(cost.usPerDelta, best?.usPerDelta ?? Infinity),
          usPerCall: Math.min(cost.usPerCall, best?.usPerCall ?? Infinity),
        };
      }
      if (best !== undefined) costs.push(best);
      process.stderr.write('.');
    }
  }
  process.stderr.write('\n');
  const ratios = costs.flatMap((cost) => {
    const small = costs.find((other) => other.format === cost.format && other.chars === 32_000);
    if (cost.chars !== 512_000 || small === undefined) return [];
    const all = (each: Cost) => each.usPerDelta * each.deltas + each.usPerCall * each.calls;
    return [cost.usPerCall / small.usPerCall, all(cost) / all(small)];
  });
  return { costs, worstRatio: Math.max(...ratios) };
}

/** Streams so many replies one after the other; each block of sizes has as many deltas. */
async function stream(
  name: string,
  format: PageFormat,
  chars: number,
  rounds: number,
): Promise<Cost> {
  const deltas = deltasOf(sampleMarkdown(chars));
  let pushMs = 0;
  let callMs = 0;
  let calls = 0;
  for (let round = 0; round < rounds; round += 1) {
    const reply = openReply(format);
    const perform = async (): Promise<void> => {
      if (reply.want() === undefined) return;
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
    while (reply.want() !== undefined) await perform();
    await ended;
  }
  return {
    format: name,
    chars,
    deltas: deltas.length * rounds,
    calls,
    usPerDelta: (pushMs * 1_000) / (deltas.length * rounds),
    usPerCall: (callMs * 1_000) / calls,
  };
}

/** A reply on a platform that takes no time, called by hand instead of by a pacer. */
function openReply(format: PageFormat): LiveReply {
  const byHand = {
    enlist: (_lane: Lane) => ({ changed() {}, hurry() {}, leave() {}, turnMs: () => 0 }),
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
    ledger: { save: () => Promise.resolve(), drop: () => Promise.resolve() },
    keyOf: (index) => `${index}`,
    pages: [],
    onLost: (reason) => {
      throw reason;
    },
    log: { debug() {}, info() {}, warn() {}, error() {} },
  });
}

import { loadavg } from 'node:os';
import { freshness, type Freshness, type Token } from '../text-age.ts';
import { lowerBoundSeconds } from './lower-bound.ts';
import type { BotReport } from './bot.ts';
import type { Case } from './cases.ts';
import type { TokenTimes } from './paced-model.ts';
import { answerTo, lettersOf } from './numbered-texts.ts';
import type { CallRecord, PageChange, SimulatedPlatform } from './simulated-platform.ts';

/** Among replies, or moments. */
interface Spread {
  readonly p50: number;
  readonly mean: number;
  readonly worst: number;
}

/** How a case went. Times in seconds unless they say otherwise. */
export interface Figures {
  readonly name: string;
  readonly replies: number;
  /** Replies of which every letter was there in the end, once, in its place. */
  readonly whole: number;
  /** From the model's first token to the first text. */
  readonly firstText: Spread;
  /** Age of the oldest unseen token, mean over time: while the model wrote, and to the end. */
  readonly ageWriting: Spread;
  readonly age: Spread;
  /** The same age's 95th percentile and maximum over time. */
  readonly ageP95: Spread;
  readonly ageMax: Spread;
  /** From the last token to the complete text. */
  readonly lag: Spread;
  readonly bound: number;
  readonly callsPerReply: number;
  readonly callsByMethod: Readonly<Record<string, number>>;
  /** Calls that were refused for the rate. */
  readonly rateLimited: number;
  /** The same by budget, in each minute since the first question. */
  readonly rateLimitedByMinute: Readonly<Record<string, readonly number[]>>;
  /** Of all that was sent, per UTF-16 unit of the answers. */
  readonly bytesPerChar: number;
  readonly cpuSeconds: number;
  readonly peakRssMb: number;
  readonly loopDelayP99Ms: number;
  readonly loopDelayMaxMs: number;
  readonly seconds: number;
  readonly loadAverage: number;
  readonly wrong: readonly string[];
  readonly each: readonly Freshness[];
  /** When each call arrived, in seconds since the first question. */
  readonly calls: readonly {
    readonly at: number;
    readonly budget: string;
    readonly rateLimited: boolean;
  }[];
}

/** What came of a case, as people saw it. */
export function figuresOf(
  measured: Case,
  platform: SimulatedPlatform,
  report: BotReport,
  { beganAt, endedAt }: { beganAt: number; endedAt: number },
): Figures {
  const { replies, chars, links } = measured;
  const written = new Map(report.written.map((one) => [one.number, one]));
  const each: Freshness[] = [];
  const wrong = new Set([
    ...platform.violations,
    ...report.complaints.map(([what, count]) => `${count}× ${what}`),
  ]);
  let whole = 0;
  for (let number = 1; number <= replies; number += 1) {
    const answer = answerTo(number, chars, links);
    const watched = watch(answer, platform.pageChanges(number));
    const tokens = tokensOf(answer, written.get(number));
    const letters = lettersOf(answer).length;
    const last = tokens.at(-1);
    if (last === undefined) {
      wrong.add('a question that the model was never asked');
      continue;
    }
    if (watched.whole) whole += 1;
    else if (last.chars < letters) wrong.add('an answer that the model did not end');
    // What was never shown counts as shown when we stopped looking.
    const seen = [...watched.seen, { at: Math.max(endedAt, last.at), chars: letters }];
    each.push(freshness(tokens, seen));
  }
  const calls = platform.calls().filter(({ at }) => at >= beganAt);
  for (const { method, refused } of calls) {
    if (refused !== undefined && refused !== 'open') wrong.add(`${method}: ${refused}`);
  }
  const spread = (pick: (one: Freshness) => number): Spread => spreadOf(each.map(pick));
  return {
    name: measured.name,
    replies,
    whole,
    firstText: spread(({ firstText }) => firstText),
    ageWriting: spread(({ meanWriting }) => meanWriting),
    age: spread(({ mean }) => mean),
    ageP95: spread(({ p95 }) => p95),
    ageMax: spread(({ max }) => max),
    lag: spread(({ lag }) => lag),
    bound: lowerBoundSeconds(measured),
    callsPerReply: calls.length / replies,
    callsByMethod: countedBy(calls, ({ method }) => method),
    rateLimited: calls.filter(({ rateLimited }) => rateLimited).length,
    rateLimitedByMinute: byMinute(calls, beganAt),
    bytesPerChar: calls.reduce((sum, { bytes }) => sum + bytes, 0) / (replies * chars),
    cpuSeconds: report.cpuSeconds,
    peakRssMb: report.peakRssMb,
    loopDelayP99Ms: report.loopDelayP99Ms,
    loopDelayMaxMs: report.loopDelayMaxMs,
    seconds: (endedAt - beganAt) / 1_000,
    loadAverage: loadavg()[0] ?? Number.NaN,
    wrong: [...wrong],
    each,
    calls: calls.map(({ at, budget, rateLimited }) => ({
      at: Math.round(at - beganAt) / 1_000,
      budget,
      rateLimited,
    })),
  };
}

/** How many letters of the answer stood there from when on, from its beginning without a gap. */
function watch(
  answer: string,
  readings: readonly PageChange[],
): { seen: { at: number; chars: number }[]; whole: boolean } {
  const wanted = lettersOf(answer);
  const pages: string[] = [];
  const seen: { at: number; chars: number }[] = [];
  let shown = '';
  for (const { at, page, text } of readings) {
    pages[page] = lettersOf(text ?? '');
    shown = pages.join('');
    let chars = 0;
    while (chars < wanted.length && shown[chars] === wanted[chars]) chars += 1;
    seen.push({ at, chars });
  }
  return { seen, whole: shown === wanted };
}

function tokensOf(answer: string, written: TokenTimes | undefined): Token[] {
  if (written === undefined) return [];
  let from = 0;
  let letters = 0;
  return written.at.map((at, index) => {
    const end = written.ends[index] ?? from;
    letters += lettersOf(answer.slice(from, end)).length;
    from = end;
    return { at, chars: letters };
  });
}

function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  return {
    p50: sorted[Math.floor(sorted.length / 2)] ?? Number.NaN,
    mean: sorted.reduce((sum, value) => sum + value, 0) / sorted.length,
    worst: sorted.at(-1) ?? Number.NaN,
  };
}

function countedBy(
  calls: readonly CallRecord[],
  keyOf: (call: CallRecord) => string,
): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const call of calls) counts[keyOf(call)] = (counts[keyOf(call)] ?? 0) + 1;
  return counts;
}

function byMinute(calls: readonly CallRecord[], beganAt: number): Record<string, number[]> {
  const minutes: Record<string, number[]> = {};
  for (const { at, budget, rateLimited } of calls) {
    if (!rateLimited) continue;
    const counts = (minutes[budget] ??= []);
    const minute = Math.floor((at - beganAt) / 60_000);
    for (let before = 0; before <= minute; before += 1) counts[before] ??= 0;
    counts[minute] = (counts[minute] ?? 0) + 1;
  }
  return minutes;
}

import type { Figures } from './figures.ts';

/** What must be reached, and what was. */
export interface TargetResult {
  readonly wanted: string;
  readonly figure: string;
  readonly met: boolean;
}

const callLatencySeconds = 0.1;

type Rule = (figures: Figures) => Omit<TargetResult, 'met'> & { readonly met: boolean };

function under(wanted: string, limit: number, pick: (figures: Figures) => number): Rule {
  return (figures) => {
    const value = pick(figures);
    return { wanted, figure: `${rounded(value)}`, met: value <= limit };
  };
}

const firstText = under(
  'first text within 1.3 call latencies of the first token',
  1.3 * callLatencySeconds,
  (figures) => figures.firstText.p50,
);
const age =
  (limit: number): Rule =>
  ({ age }) => ({
    wanted: `mean age under ${limit} s`,
    figure: `${rounded(age.mean)} over all replies`,
    met: age.mean <= limit,
  });
const lag = (limit: number): Rule =>
  under(`complete within ${limit} s of the last token`, limit, (figures) => figures.lag.worst);
const noRefusal = under('no 429', 0, ({ rateLimited }) => rateLimited);
const nothingLost: Rule = ({ whole, replies }) => ({
  wanted: 'nothing lost, nothing doubled',
  figure: `${whole} of ${replies} whole`,
  met: whole === replies,
});
const nearBound: Rule = ({ age, bound }) => ({
  wanted: 'mean age within 1.5 times the bound',
  figure: `${rounded(age.mean)} over all replies, of ${rounded(bound)}: ${rounded(age.mean / bound)} times`,
  met: age.mean <= 1.5 * bound,
});
const fair: Rule = ({ age }) => ({
  wanted: 'the worst reply within 2 times the median',
  figure: `${rounded(age.worst)} of ${rounded(age.p50)}: ${rounded(age.worst / age.p50)} times`,
  met: age.worst <= 2 * age.p50,
});

/** A minute after the first refusal of a key what it can teach is learned. */
const learns: Rule = ({ calls, seconds }) => {
  const refusals = Map.groupBy(
    calls.filter(({ rateLimited }) => rateLimited),
    ({ budget }) => budget,
  );
  let most = { perMinute: 0, budget: 'none' };
  for (const [budget, times] of refusals) {
    const from = (times[0]?.at ?? 0) + 60;
    const minutes = Math.max(1, (seconds - from) / 60);
    const perMinute = times.filter(({ at }) => at > from).length / minutes;
    if (perMinute > most.perMinute) most = { perMinute, budget };
  }
  return {
    wanted: 'a minute after its first one, less than one 429 per key and minute',
    figure: `${rounded(most.perMinute)} at most, ${most.budget}`,
    met: most.perMinute < 1,
  };
};

const responsive = under(
  'event-loop delay p99 under 50 ms',
  50,
  ({ loopDelayP99Ms }) => loopDelayP99Ms,
);

/** By case; the first that fits. */
const rules: readonly (readonly [RegExp, readonly Rule[]])[] = [
  [/naive/, []],
  [/model server$/, [responsive, nothingLost]],
  [/^slack 1 /, [firstText, age(0.3), nothingLost, noRefusal]],
  [/^discord 1 /, [firstText, age(0.5), nothingLost, noRefusal]],
  [/^slack 10 auto$/, [age(0.7), lag(0.5), nothingLost, noRefusal]],
  [/^slack 10 edit$/, [age(1.5), lag(0.5), nothingLost, noRefusal]],
  [/^slack 50 (native|auto)$/, [noRefusal, lag(2), age(3.5), nothingLost]],
  [/^slack 50 edit$/, [noRefusal, lag(2), nearBound, nothingLost]],
  [/^slack 200 (edit|native|auto)$/, [nearBound, fair, nothingLost]],
  [/sustained/, [nearBound, fair, nothingLost]],
  [/^discord 50 /, [age(0.65), nothingLost]],
  [/^discord 5 in one channel/, [lag(1.5), nothingLost]],
  [/half the limits|a fifth of the burst/, [learns, nothingLost]],
  [/./, [nothingLost]],
];

/** What a case must reach. */
export function checkTargets(figures: Figures): TargetResult[] {
  const [, wanted = []] = rules.find(([name]) => name.test(figures.name)) ?? [];
  return wanted.map((rule) => rule(figures));
}

/** What two cases must reach together: what is sent per character does not grow with the length. */
export function checkAllTargets(
  all: readonly Figures[],
): (TargetResult & { readonly name: string })[] {
  return all.flatMap((many) => {
    if (!many.name.includes('many pages')) return [];
    const one = all.find(({ name }) => name === many.name.replace('many pages', 'a page'));
    if (one === undefined) return [];
    const ratio = many.bytesPerChar / one.bytesPerChar;
    return {
      name: many.name,
      wanted: 'bytes per character no more than for one page',
      figure: `${rounded(many.bytesPerChar)} of ${rounded(one.bytesPerChar)}: ${rounded(ratio)} times`,
      met: ratio <= 1.1,
    };
  });
}

export function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}

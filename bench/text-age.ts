/** How fresh one reply was. All times in seconds. */
export interface Freshness {
  readonly firstText: number;
  /** Age of the oldest unseen token while the model wrote, and until all was visible. */
  readonly meanWriting: number;
  readonly mean: number;
  readonly p95: number;
  readonly max: number;
  /** From the last token to the complete text. */
  readonly lag: number;
}

export interface Token {
  readonly at: number;
  /** Characters up to its end, white space left out. */
  readonly chars: number;
}

const sampleMs = 20;

/** Looks at what people saw every 20 ms. */
export function freshness(
  tokens: readonly Token[],
  seen: readonly { readonly at: number; readonly chars: number }[],
): Freshness {
  const first = tokens[0];
  const last = tokens.at(-1);
  if (first === undefined || last === undefined) throw new Error('a reply without a token');
  const complete = seen.find(({ chars }) => chars >= last.chars)?.at ?? Number.POSITIVE_INFINITY;
  if (!Number.isFinite(complete)) throw new Error('a reply that was never complete');
  const ages: number[] = [];
  let writing = 0;
  let samplesWriting = 0;
  let shown = 0;
  let oldest = 0;
  let visible = 0;
  for (let now = first.at; now <= complete; now += sampleMs) {
    for (; shown < seen.length && seen[shown]!.at <= now; shown += 1) visible = seen[shown]!.chars;
    while (oldest < tokens.length && tokens[oldest]!.chars <= visible) oldest += 1;
    const since = tokens[oldest]?.at ?? now;
    const age = Math.max(0, now - since);
    ages.push(age);
    if (now <= last.at) {
      writing += age;
      samplesWriting += 1;
    }
  }
  const sum = ages.reduce((total, age) => total + age, 0);
  ages.sort((a, b) => a - b);
  return {
    firstText: ((seen.find(({ chars }) => chars > 0)?.at ?? complete) - first.at) / 1_000,
    meanWriting: writing / Math.max(1, samplesWriting) / 1_000,
    mean: sum / Math.max(1, ages.length) / 1_000,
    p95: (ages[Math.floor(ages.length * 0.95)] ?? 0) / 1_000,
    max: (ages.at(-1) ?? 0) / 1_000,
    lag: (complete - last.at) / 1_000,
  };
}

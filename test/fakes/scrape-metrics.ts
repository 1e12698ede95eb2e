/** Figures as Prometheus reads them. */
export interface Scrape {
  readonly text: string;
  /** Names that have a type and a help text. */
  readonly names: ReadonlySet<string>;
  /** By name and labels, the labels in order of their names: `calls_total{method="a",of="b"}`. */
  readonly samples: ReadonlyMap<string, number>;
  /** The sum of the samples that begin so. */
  sum(beginning: string): number;
}

const sampleLine =
  /^([a-zA-Z_:][\w:]*)(?:\{((?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\[\\n"])*",?)*)\})? (-?[\d.]+(?:e[+-]?\d+)?|NaN|[+-]Inf)$/;

/** Asks for the figures, and reads every line; throws at one that is not in the text format. */
export async function scrape(url: string): Promise<Scrape> {
  const response = await fetch(url);
  const type = response.headers.get('content-type') ?? '';
  if (response.status !== 200 || !type.startsWith('text/plain; version=0.0.4')) {
    throw new Error(`no figures: ${response.status} ${type}`);
  }
  const text = await response.text();
  if (!text.endsWith('\n')) throw new Error('the last line does not end');
  const helped = new Set<string>();
  const names = new Set<string>();
  const samples = new Map<string, number>();
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const [, kind, about = ''] = /^# (HELP|TYPE) (\S+) \S/.exec(line) ?? [];
    if (kind === 'HELP') helped.add(about);
    else if (kind === 'TYPE') names.add(about);
    else readSample(line, samples);
  }
  for (const name of names) if (!helped.has(name)) throw new Error(`${name} has no help text`);
  for (const sample of samples.keys()) {
    const name = sample.replace(/\{.*$/, '');
    if (!names.has(name) && !names.has(name.replace(/_(bucket|sum|count)$/, ''))) {
      throw new Error(`${name} has no type`);
    }
  }
  return {
    text,
    names,
    samples,
    sum: (beginning) =>
      [...samples]
        .filter(([name]) => name.startsWith(beginning))
        .reduce((sum, [, value]) => sum + value, 0),
  };
}

function readSample(line: string, samples: Map<string, number>): void {
  const found = sampleLine.exec(line);
  if (found === null) throw new Error(`not in the text format: ${line}`);
  const [, name = '', labels = '', value = ''] = found;
  const sorted = [...labels.matchAll(/\w+="(?:[^"\\]|\\.)*"/g)].map(([label]) => label).sort();
  const key = labels === '' ? name : `${name}{${sorted.join(',')}}`;
  if (samples.has(key)) throw new Error(`twice in one scrape: ${key}`);
  samples.set(key, value === '+Inf' ? Number.POSITIVE_INFINITY : Number(value));
}

import { readFileSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { createMetricsService } from '../../src/wiring/metrics.ts';
import { recordingLog } from '../fakes/recording-log.ts';
import { scrape } from '../fakes/scrape-metrics.ts';

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string };
}

const rules = (
  parse(readFileSync('deploy/prometheus/rules.yml', 'utf8')) as {
    readonly groups: readonly { readonly rules: readonly Rule[] }[];
  }
).groups.flatMap((group) => group.rules);

interface Panel {
  readonly targets?: readonly { readonly expr: string }[];
}

const { panels } = JSON.parse(readFileSync('deploy/grafana/parley.json', 'utf8')) as {
  readonly panels: readonly Panel[];
};
const queries = panels.flatMap(({ targets = [] }) => targets);

/** The labels of each figure that the exporter serves, once everything was counted once. */
async function served(): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const service = await createMetricsService({ host: '127.0.0.1', port: 0, log: recordingLog() });
  onTestFinished(() => service.close());
  const { metrics } = service;
  const url = await service.start({
    store: {
      queueDepth: () => Promise.resolve({ waiting: 0, running: 0 }),
      checkWritable: () => Promise.resolve(),
    },
    load: () => ({ writing: 0, inLine: 0, conversations: 0, leases: 0, paused: false }),
    platforms: [{ name: 'discord', state: () => ({ up: true, listens: true }) }],
  });
  metrics.turnEnded('discord', 'done', 1);
  metrics.firstTextShown('discord', 1, 1);
  metrics.textShown('discord', 1);
  metrics.platformCalled('discord', 'POST', 'ok', 1);
  metrics.failedOver('a', 'b');
  const asking = metrics.requestStarted('a');
  asking.gotText();
  asking.ended('done', { inputTokens: 1, outputTokens: 1 });
  const labels = new Map<string, Set<string>>();
  for (const sample of (await scrape(url)).samples.keys()) {
    const [name = '', inBraces = ''] = sample.split('{');
    // Prometheus gives each the instance and the job that it was scraped of.
    const known = labels.get(name) ?? new Set(['instance', 'job']);
    for (const [, label = ''] of inBraces.matchAll(/(\w+)="/g)) known.add(label);
    labels.set(name, known);
  }
  return labels;
}

/** What a query names that is not served: figures, and labels that none of its figures has. */
function unknownIn(query: string, labels: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  const names = query.match(/\b(?:parley|nodejs|process)_\w+/g) ?? [];
  const selectors = query.matchAll(/\b(\w+)\{([^}]*)\}/g);
  const selected = Array.from(selectors, ([, name = '', inside = '']) =>
    Array.from(inside.matchAll(/(\w+)(?:=~|!~|!=|=)/g), ([, label = '']) => ({ name, label })),
  ).flat();
  const grouped = Array.from(query.matchAll(/\b(?:by|on) \(([\w, ]+)\)/g), ([, list = '']) =>
    list.split(', '),
  ).flat();
  return [
    ...(names.length === 0 ? ['no figure'] : names.filter((name) => !labels.has(name))),
    ...selected
      .filter(({ name, label }) => labels.get(name)?.has(label) !== true)
      .map(({ name, label }) => `${name}{${label}}`),
    ...grouped.filter((label) => !names.some((name) => labels.get(name)?.has(label))),
  ];
}

describe('the rules for Prometheus and the dashboard for Grafana', () => {
  it('name figures and labels that are served', async () => {
    const labels = await served();
    const all = [...rules, ...queries].map(({ expr }) => expr);
    expect(all.length).toBeGreaterThan(40);
    for (const expr of all) expect(unknownIn(expr, labels), expr).toEqual([]);
    expect(unknownIn('sum by (platfrom) (parley_turns{outcom="a"})', labels)).toEqual([
      'parley_turns',
      'parley_turns{outcom}',
      'platfrom',
    ]);
  });

  it('call somebody first of all for a store that takes nothing', () => {
    expect(rules[0]).toMatchObject({
      alert: 'ParleyStoreDown',
      expr: expect.stringContaining('parley_store_up') as string,
      labels: { severity: 'page' },
    });
    expect(new Set(rules.map(({ labels }) => labels.severity))).toEqual(
      new Set(['page', 'ticket']),
    );
    for (const { annotations } of rules) expect(annotations.summary).toBeTruthy();
  });

  it('are explained in docs/operations.md, each alert', () => {
    const document = readFileSync('docs/operations.md', 'utf8');
    const told = new Set(document.match(/(?<=`)Parley[A-Z]\w+(?=`)/g));
    expect([...told].toSorted()).toEqual(rules.map(({ alert }) => alert).toSorted());
  });
});

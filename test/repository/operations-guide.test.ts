import { globSync, readFileSync } from 'node:fs';
import { expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { variableNames } from '../../src/config/config.ts';
import { createMetricsService } from '../../src/wiring/metrics.ts';
import { recordingLog } from '../fakes/recording-log.ts';
import { scrape } from '../fakes/scrape-metrics.ts';

const document = readFileSync('docs/operations.md', 'utf8');

it('names the figures that there are, and all of Parley’s own', async () => {
  const service = await createMetricsService({ host: '127.0.0.1', port: 0, log: recordingLog() });
  onTestFinished(() => service.close());
  const url = await service.start({
    store: {
      queueDepth: () => Promise.resolve({ waiting: 0, running: 0 }),
      checkWritable: () => Promise.resolve(),
    },
    load: () => ({ writing: 0, inLine: 0, conversations: 0, leases: 0, paused: false }),
    platforms: [],
  });
  const { names } = await scrape(url);
  const inText = document.matchAll(/\b(?:parley|nodejs|process)_[a-z0-9_]*[a-z0-9]\b(?!_)/g);
  const named = new Set([...inText].map(([name]) => name));
  const there = [...names].filter((name) => name.startsWith('parley_'));
  expect(there.filter((name) => !named.has(name))).toEqual([]);
  expect([...named].filter((name) => !names.has(name))).toEqual([]);
});

it('names variables that there are', () => {
  const capitals = document.match(/`[A-Z]+_[A-Z_]+(?=[=`])/g) ?? [];
  const unknown = capitals
    .map((name) => name.slice(1))
    .filter((name) => !variableNames.includes(name));
  expect(unknown).toEqual([]);
});

it('explains lines that the log has', () => {
  const source = globSync('src/**/*.ts')
    .map((file) => readFileSync(file, 'utf8'))
    .join('\n');
  const [, tables = ''] = /## What the log says(.*?)## Restart/s.exec(document) ?? [];
  const lines = tables
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .flatMap((line) => line.split(' | ', 1)[0]?.match(/(?<=`)[^`|,][^`]*(?=`)/g) ?? [])
    .filter((line) => line.trim() !== ',')
    .map((line) => line.replace(/ Redis at …$/, ''));
  expect(lines.length).toBeGreaterThan(60);
  const isLogged = (line: string): boolean => {
    // What comes behind depends on the case.
    const [, beginning] = /^(.*)…$/.exec(line) ?? [];
    if (beginning === undefined)
      return source.includes(`'${line}'`) || source.includes(`\`${line} `);
    return source.includes(`'${beginning}`) || source.includes(`\`${beginning}`);
  };
  expect(lines.filter((line) => !isLogged(line))).toEqual([]);
});

it('shows Prometheus configuration that can be read', () => {
  const shown = [...document.matchAll(/```yaml\n(.*?)```/gs)].map(
    ([, text = '']) => parse(text) as unknown,
  );
  expect(shown).toMatchObject([
    { scrape_configs: [{ job_name: 'parley' }] },
    { rule_files: ['rules.yml'] },
  ]);
});

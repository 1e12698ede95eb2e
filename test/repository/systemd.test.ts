import { existsSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { readConfig } from '../../src/config/config.ts';

/** Answers end for DRAIN_SECONDS; what is around it takes so long at most, in seconds. */
const restSeconds = 15;

const settings = new Map(
  readFileSync('deploy/parley.service', 'utf8')
    .split('\n')
    .filter((line) => /^\w+=/.test(line))
    .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
);

it('runs what there is, without npm between', () => {
  const [, program] =
    /^\/usr\/bin\/env node (?:--\S+ )*(src\/\S+)$/.exec(settings.get('ExecStart') ?? '') ?? [];
  expect(existsSync(program ?? '')).toBe(true);
});

it('starts it again after a crash, but not with a configuration that cannot work', () => {
  expect(settings.get('Restart')).toBe('on-failure');
  const [, code] = /badConfigurationCode = (\d+);/.exec(readFileSync('src/main.ts', 'utf8')) ?? [];
  expect(settings.get('RestartPreventExitStatus')).toBe(code);
});

it('waits for the answers that run', () => {
  expect(settings.get('KillSignal')).toBe('SIGTERM');
  const seconds = Number(/^(\d+)s$/.exec(settings.get('TimeoutStopSec') ?? '')?.[1]);
  expect(seconds).toBeGreaterThan(readConfig({}).DRAIN_SECONDS + restSeconds);
});

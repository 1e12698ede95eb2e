import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { plannedFirst } from '../planned-order.ts';

const sources = globSync('src/**/*.ts').toSorted();

const unitTests = globSync('test/unit/**/*.test.ts');

/** Whether a unit test is one of this file: at its path, by its name or by that and an aspect. */
function tests(test: string, source: string): boolean {
  const path = `test/unit/${source.replace(/^src\//, '').replace(/\.[jt]s$/, '')}`;
  return test.startsWith(`${path}.`) || test.startsWith(`${path}-`);
}

function hasOwnTest(source: string): boolean {
  return unitTests.some((test) => tests(test, source));
}

/** The test that a file names in its first line. */
function namedTest(source: string): string | undefined {
  return /^\/\/ Tested by (\S+)\n/.exec(readFileSync(source, 'utf8'))?.[1];
}

/** Processes that tests start run these, which no import shows. */
const entries = ['src/main.ts', ...globSync('src/commands/*.ts')];

function importsOf(file: string): string[] {
  const code = readFileSync(file, 'utf8');
  const paths = code.matchAll(/(?:from|import\(?|URL\()\s*'(\.{1,2}\/[^']+\.ts)'/g);
  const imported = Array.from(paths, ([, path = '']) => join(dirname(file), path));
  return file.startsWith('test/processes/') ? [...imported, ...entries] : imported;
}

/** All that a file imports, directly or not. */
function reachedFrom(file: string): Set<string> {
  const reached = new Set([file]);
  for (const each of reached) for (const path of importsOf(each)) reached.add(path);
  return reached;
}

it('has each unit test at the path of what it tests', () => {
  const tested = [...sources, ...globSync(['src/**/*.js', 'bench/**/*.ts'])];
  const misplaced = unitTests.filter((test) => !tested.some((file) => tests(test, file)));
  expect(misplaced).toEqual([]);
});

it('names the test that covers it in each file without a unit test of its own', () => {
  const silent = sources.filter((file) => !hasOwnTest(file) && !namedTest(file));
  expect(silent).toEqual([]);
});

it('names tests that are there and reach the file', () => {
  const reached = new Map<string, Set<string>>();
  const wrong = sources.filter((file) => {
    const test = namedTest(file);
    if (test === undefined) return false;
    if (!existsSync(test)) return true;
    if (!reached.has(test)) reached.set(test, reachedFrom(test));
    return reached.get(test)?.has(file) !== true;
  });
  expect(wrong).toEqual([]);
});

it('plans the order of files that are there', () => {
  expect(plannedFirst.filter((file) => !existsSync(join('test', file)))).toEqual([]);
});

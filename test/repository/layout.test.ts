import { existsSync, globSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { plannedFirst } from '../planned-order.ts';

const sources = globSync('src/**/*.ts').toSorted();

const unitTests = globSync('test/unit/**/*.test.ts');

/** Whether a unit test is one of this file: at its path, by its name or by that and an aspect. */
function tests(test: string, source: string): boolean {
  const path = `test/unit/${source.replace(/^src\//, '').replace(/\.[jt]s$/, '')}`;
  return test.startsWith(`${path}.`) || test.startsWith(`${path}-`);
}

it('has each unit test at the path of what it tests', () => {
  const tested = [...sources, ...globSync(['src/**/*.js', 'bench/**/*.ts'])];
  const misplaced = unitTests.filter((test) => !tested.some((file) => tests(test, file)));
  expect(misplaced).toEqual([]);
});

it('plans the order of files that are there', () => {
  expect(plannedFirst.filter((file) => !existsSync(join('test', file)))).toEqual([]);
});

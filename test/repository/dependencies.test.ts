import { globSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

/** Types are gone when it runs. */
function withoutTypes(file: string): string {
  return readFileSync(file, 'utf8').replaceAll(/^import type [^;]*;$/gm, '');
}

it('imports nothing that npm install --omit=dev leaves out', () => {
  const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as {
    dependencies: Record<string, string>;
  };
  const imported = globSync('src/**/*.ts').flatMap((file) =>
    Array.from(
      withoutTypes(file).matchAll(
        /(?:\bfrom|^import|\bimport\(|\bmeta\.resolve\()\s*'((?:@[\w.-]+\/)?[\w][\w.-]*)(?:\/[^']*)?'/gm,
      ),
      ([, name = '']) => name,
    ),
  );
  const names = new Set(imported.filter((name) => name !== 'node'));
  expect(names.size).toBeGreaterThan(10);
  expect([...names].filter((name) => !Object.hasOwn(dependencies, name))).toEqual([]);
});

import { globSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

it('imports nothing that npm install --omit=dev leaves out', () => {
  const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as {
    dependencies: Record<string, string>;
  };
  const imported = globSync('src/**/*.ts').flatMap((file) =>
    Array.from(
      readFileSync(file, 'utf8').matchAll(
        /(?:\bfrom|^import|\bimport\(|\bresolve\()\s*'((?:@[\w.-]+\/)?[\w][\w.-]*)(?:\/[^']*)?'/gm,
      ),
      ([, name = '']) => name,
    ),
  );
  const names = new Set(imported.filter((name) => name !== 'node'));
  expect(names.size).toBeGreaterThan(10);
  expect([...names].filter((name) => !Object.hasOwn(dependencies, name))).toEqual([]);
});

import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

interface Entry {
  readonly version?: string;
  readonly integrity?: string;
  readonly resolved?: string;
}

/** What `npm ci` installs, by where it goes; the project itself left out. */
const { '': _, ...packages } = (
  JSON.parse(readFileSync('package-lock.json', 'utf8')) as { packages: Record<string, Entry> }
).packages;

it('pins every package that is installed, on whatever platform, to what is in it', () => {
  expect(Object.keys(packages).length).toBeGreaterThan(100);
  const unpinned = Object.entries(packages).filter(
    ([, { integrity = '' }]) => !/^sha512-[\w+/]{86}==$/.test(integrity),
  );
  // npm leaves it out for other platforms' packages: delete these entries, and run
  // npm install --package-lock-only --omit-lockfile-registry-resolved
  expect(unpinned.map(([path]) => path)).toEqual([]);
});

it('names no registry, so that each machine uses its own', () => {
  const bound = Object.entries(packages).filter(([, { resolved }]) => resolved !== undefined);
  expect(bound.map(([path]) => path)).toEqual([]);
});

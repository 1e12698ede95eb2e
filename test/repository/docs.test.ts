import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { variableNames } from '../../src/config/config.ts';

/** Documents for whoever changes Parley, which name its files and classes. */
const forDevelopers = [
  'CONTRIBUTING.md',
  'docs/ARCHITECTURE.md',
  ...globSync('{src,test,bench}/**/README.md', { exclude: ['**/fixtures/**'] }),
];
const documents = [...new Set([...globSync('*.md'), ...globSync('docs/*.md'), ...forDevelopers])];

/** Without the code in it, where brackets mean something else. */
function proseOf(file: string): string {
  return readFileSync(file, 'utf8').replaceAll(/^```.*?^```$/gms, '');
}

/** What GitHub calls a heading in an address. */
function anchorsIn(file: string): string[] {
  const headings = proseOf(file).matchAll(/^#+ (.+)$/gm);
  return Array.from(headings, ([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

it.each(documents)('every link in %s leads somewhere', (document) => {
  const links = Array.from(proseOf(document).matchAll(/\]\(([^)\s]+)\)/g), ([, link = '']) => link);
  const broken = links
    .filter((link) => !/^https?:/.test(link))
    .filter((link) => {
      const [path = '', anchor] = link.split('#');
      const target = path === '' ? document : join(dirname(document), path);
      if (!existsSync(target)) return true;
      return anchor !== undefined && !anchorsIn(target).includes(anchor);
    });
  expect(broken).toEqual([]);
});

const files = globSync('{src,test,bench,deploy,docs,examples,.github,.ci}/**').concat(
  globSync('*'),
);
const words = new Set(
  globSync('{src,test,bench}/**/*.{ts,js,lua}').flatMap(
    (file) => readFileSync(file, 'utf8').match(/[A-Za-z_]\w*/g) ?? [],
  ),
);

/** Whether a path, or the end of one, is that of a file or folder. */
function isPath(path: string, document: string): boolean {
  const plain = path.replace(/\/$/, '');
  return (
    existsSync(join(dirname(document), plain)) ||
    files.some((file) => file === plain || file.endsWith(`/${plain}`)) ||
    globSync([plain, `**/${plain}`], { exclude: ['node_modules/**'] }).length > 0
  );
}

it.each(forDevelopers)('every file and name in %s is there', (document) => {
  const quoted = Array.from(proseOf(document).matchAll(/`([^`\n]+)`/g), ([, text = '']) => text);
  const paths = quoted.filter((text) =>
    /^[\w.{},*-]+(\/[\w.{},*-]*)+$|^[\w-]+\.(ts|js|lua)$/.test(text),
  );
  expect(paths.filter((path) => !isPath(path, document))).toEqual([]);
  // `Pacer`, `LiveReply` and `modelAsked`, but no plain word, command or setting.
  const names = quoted
    .flatMap((text) => /^([A-Za-z]\w*(?:\.\w+)*)(?:\(.*\))?$/.exec(text)?.[1]?.split('.') ?? [])
    .filter((name) => /[a-z][A-Z]|^[A-Z][a-z]+$/.test(name));
  expect(names.filter((name) => !words.has(name))).toEqual([]);
});

it.each(documents)('every command in %s is there', (document) => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: object };
  const text = readFileSync(document, 'utf8');
  const commands = Array.from(text.matchAll(/npm run (?:-s )?([a-z:]+)/g), ([, name]) => name);
  expect(commands.filter((name) => !Object.keys(scripts).includes(name ?? ''))).toEqual([]);
  const files = text.match(/(?<=node )src\/\S+\.ts/g) ?? [];
  expect(files.filter((file) => !existsSync(file))).toEqual([]);
});

it('has a line for every variable in docs/configuration.md', () => {
  const rows = readFileSync('docs/configuration.md', 'utf8').match(/^\| `[A-Z].*$/gm) ?? [];
  const told = rows.flatMap((row) => row.split(' | ', 1)[0]?.match(/[A-Z][A-Z_]+/g) ?? []);
  expect(told.toSorted()).toEqual(variableNames.toSorted());
});

it('has a line for every key of Redis in docs/scaling.md', () => {
  const source = readFileSync('src/stores/redis/keys.ts', 'utf8');
  const names = Array.from(
    source.matchAll(/^ {2}(\w+): '(?:zset|hash|string)'/gm),
    ([, name = '']) => name,
  );
  const [, table = ''] =
    /## What lives in which key(.*?)\n## /s.exec(readFileSync('docs/scaling.md', 'utf8')) ?? [];
  const rows = table.match(/^\| `.*$/gm) ?? [];
  const told = rows.flatMap((row) => row.split(' | ', 1)[0]?.match(/(?<=`)\w+(?=`)/g) ?? []);
  expect(names.length).toBeGreaterThan(20);
  expect(told.toSorted()).toEqual(names.toSorted());
});

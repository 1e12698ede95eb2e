// Tested by test/contract/store/redis.test.ts
import { readFileSync } from 'node:fs';
import { type KeyName, keyTypes, type NamedKeys } from './keys.ts';

/** The atomic steps, each a file in `scripts/`. */
export const scriptNames = [
  'accept',
  'accept-and-claim',
  'save-read-positions',
  'read-positions',
  'claim',
  'store-ending',
  'commit-question',
  'queue-depth',
  'drop-turn',
  'allocate-budgets',
  'drop-ending',
  'drop-page',
  'reserve-question',
  'finish',
  'forget-conversation',
  'forget-person',
  'forget-usage',
  'acquire-lock',
  'open-conversations',
  'note-restart',
  'release',
  'add-earlier-history',
  'rename',
  'renew',
  'request-stop',
  'revise',
  'save-page',
  'conversation-summary',
  'sweep',
  'unnote-person',
  'conversation-view',
  'unclaimed',
  'withdraw',
  'release-lock',
] as const;

export type ScriptName = (typeof scriptNames)[number];

/** One atomic step as Redis runs it. */
export interface Script {
  readonly name: ScriptName;
  readonly lua: string;
  readonly numberOfKeys: number;
  /** The script's KEYS and ARGV, in order. Throws if one that it names is missing. */
  inputs(keys: NamedKeys, args: Args, rest: readonly Arg[]): Arg[];
}

export type Arg = string | number;
export type Args = Readonly<Record<string, Arg>>;

/**
 * Reads a script. Its header declares its inputs, which become local variables:
 * - `-- KEYS queue turn | person`: keys by name. Their types are checked first, so that a damaged one
 *   is found before anything is written. Keys behind the bar are in other partitions; in a cluster,
 *   where a script cannot use them, they are nil.
 * - `-- ARGV messageId at ...`: arguments by name; `rest` is the index of the first unnamed one.
 * - `-- WITH clock owns-claim`: functions from `scripts/lib/`, in an order in which each comes after
 *   those that it calls.
 */
export function readScript(name: ScriptName, cluster: boolean): Script {
  const body = read(`${name}.lua`);
  const [near = '', far = ''] = head(body, 'KEYS').split('|');
  const farNames = wordsOf(far);
  const keyNames = [...wordsOf(near), ...(cluster ? [] : farNames)] as KeyName[];
  const argNames = wordsOf(head(body, 'ARGV')).filter((word) => word !== '...');
  const lines = [
    ...keyNames.map((key, i) => `local ${key} = KEYS[${i + 1}]`),
    ...(cluster && farNames.length > 0 ? [`local ${farNames.join(', ')}`] : []),
    ...argNames.map((arg, i) => `local ${arg} = ARGV[${i + 1}]`),
    `local rest = ${argNames.length + 1}`,
    `for i, kind in ipairs({${keyNames.map((key) => `'${keyTypes[key]}'`).join(', ')}}) do`,
    `  local found = redis.call('TYPE', KEYS[i]).ok`,
    `  if found ~= kind and found ~= 'none' then`,
    `    return redis.error_reply('WRONGTYPE ' .. KEYS[i] .. ' is a ' .. found .. ', no ' .. kind)`,
    `  end`,
    `end`,
    ...wordsOf(head(body, 'WITH')).map((lib) => read(`lib/${lib}.lua`)),
    body,
  ];
  return {
    name,
    lua: lines.join('\n'),
    numberOfKeys: keyNames.length,
    inputs: (keys, args, rest) => [
      ...keyNames.map((key) => given(keys, key, name)),
      ...argNames.map((arg) => given(args, arg, name)),
      ...rest,
    ],
  };
}

function read(file: string): string {
  return readFileSync(new URL(`scripts/${file}`, import.meta.url), 'utf8');
}

function head(body: string, word: string): string {
  return new RegExp(`^-- ${word} (.*)$`, 'm').exec(body)?.[1] ?? '';
}

function wordsOf(line: string): string[] {
  return line.split(' ').filter((word) => word !== '');
}

function given<T extends Arg>(
  inputs: Readonly<Partial<Record<string, T>>>,
  name: string,
  script: string,
): T {
  const value = inputs[name];
  if (value === undefined) throw new Error(`the script ${script} needs "${name}"`);
  return value;
}

import { existsSync, readFileSync } from 'node:fs';
import { decoded, statementsIn } from './env-file.ts';
import { type GivenValue, hintsIn } from './hints.ts';
import {
  type Config,
  type Hint,
  problem,
  secretsIn,
  type Values,
  type Variable,
  variables,
} from './variables.ts';
import { BadConfiguration } from '../core/domain/errors.ts';

export type { Config, Hint } from './variables.ts';

/** The names of all variables, for `.env.example` to be compared with. */
export const variableNames: readonly string[] = Object.keys(variables);

/** Lower-case spellings of variables, by their usual names. */
const lowerCaseNames: ReadonlyMap<string, string> = new Map(
  ['HTTPS_PROXY', 'HTTP_PROXY', 'NO_PROXY'].map((name) => [name.toLowerCase(), name]),
);

/** Settings with which Parley cannot start. */
export class InvalidSettings extends BadConfiguration {
  /** Problems, each with the variable and an example. */
  readonly problems: readonly string[];
  /** Further hints, which may name the cause, such as a misspelt variable. */
  readonly hints: readonly Hint[];

  constructor(problems: readonly string[], hints: readonly Hint[]) {
    const also = hints.flatMap(({ where, message, quiet }) =>
      quiet ? [] : [`${where}: ${message}`],
    );
    super(
      [
        ['Parley cannot start with this configuration:', ...problems].join('\n  '),
        ...(also.length === 0 ? [] : [['See also:', ...also].join('\n  ')]),
      ].join('\n'),
    );
    this.problems = problems;
    this.hints = hints;
  }
}

/**
 * Reads the settings from an environment and the text of an `.env` file; by default those of the
 * process and its working directory. The environment wins; an empty value counts as not set.
 *
 * @throws InvalidSettings with every problem; BadConfiguration for an unreadable file
 */
export function readConfig(environment?: NodeJS.ProcessEnv, file?: string): Config {
  if (environment === undefined) return readConfig(ownEnvironment(), envFileText());
  const statements = statementsIn(file ?? '').map((statement) => {
    return { ...statement, name: lowerCaseNames.get(statement.name) ?? statement.name };
  });
  const outer = withUsualNames(withoutEmpty(environment));
  const given = new Map<string, GivenValue>();
  for (const { name, value, line } of statements) {
    if (value === undefined) continue;
    if (value.trim() === '') given.delete(name);
    else given.set(name, { value, where: `.env:${line}` });
  }
  for (const [name, value] of Object.entries(outer)) {
    given.set(name, { value, where: 'environment' });
  }

  const { hints, problems: ignoredLists } = hintsIn(statements, outer, given);
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  const secrets: string[] = [];
  for (const [name, { schema, text }] of Object.entries<Variable>(variables)) {
    const value = given.get(name)?.value;
    const result = schema.safeParse(text === undefined ? value?.trim() : value);
    if (result.success) values[name] = result.data;
    else problems.push(problem(name, result.error.issues[0]?.message ?? 'is not valid'));
    if (value !== undefined) secrets.push(...secretsIn(name, value));
  }
  values['WEB'] ??= !given.has('SLACK_BOT_TOKEN') && !given.has('DISCORD_BOT_TOKEN');
  values['DRAIN_SECONDS'] ??= given.has('REDIS_URL') ? 0 : 8;
  for (const { of, broken } of rules) {
    // A variable that is wrong by itself is reported already.
    if (of.every((name) => name in values)) problems.push(...broken(values as unknown as Config));
  }
  if (problems.length > 0 || ignoredLists.length > 0) {
    throw new InvalidSettings([...problems, ...ignoredLists], hints);
  }
  return { ...(values as Values & { WEB: boolean; DRAIN_SECONDS: number }), secrets, hints };
}

function withoutEmpty(environment: NodeJS.ProcessEnv): Record<string, string> {
  const entries = Object.entries(environment).flatMap(([name, value]) =>
    value === undefined || value.trim() === '' ? [] : [[name, value] as const],
  );
  return Object.fromEntries(entries);
}

/** The environment with usual names; the lower-case one wins, as in Node and curl. */
function withUsualNames(environment: Readonly<Record<string, string>>): Record<string, string> {
  const named = { ...environment };
  for (const [lower, name] of lowerCaseNames) {
    const value = named[lower];
    if (value !== undefined) named[name] = value;
    delete named[lower];
  }
  return named;
}

function ownEnvironment(): NodeJS.ProcessEnv {
  for (const name of variableNames) {
    // Libraries read the environment, too, and take an empty value for a setting.
    if (process.env[name]?.trim() === '') delete process.env[name];
  }
  return process.env;
}

/** The text of `.env` in the working directory, if there is one. Throws `BadConfiguration`. */
export function envFileText(): string | undefined {
  if (!existsSync('.env')) return undefined;
  try {
    return decoded(readFileSync('.env'));
  } catch (cause) {
    throw new BadConfiguration(
      `Parley cannot read .env in ${process.cwd()}: make it a file that this user can read, or remove it.`,
      { cause },
    );
  }
}

/** A rule about several variables together. */
interface Rule {
  readonly of: readonly (keyof Values)[];
  readonly broken: (values: Config) => string[];
}

const rules: readonly Rule[] = [
  {
    of: ['WEB', 'SLACK_BOT_TOKEN', 'DISCORD_BOT_TOKEN'],
    broken: ({ WEB, SLACK_BOT_TOKEN, DISCORD_BOT_TOKEN }) =>
      WEB || SLACK_BOT_TOKEN !== undefined || DISCORD_BOT_TOKEN !== undefined
        ? []
        : [problem('WEB', 'is off, and no other platform is configured', 'on')],
  },
  {
    of: ['OPENAI_API_KEY', 'OPENAI_BASE_URL'],
    broken: ({ OPENAI_API_KEY, OPENAI_BASE_URL }) =>
      OPENAI_API_KEY !== undefined || !isOpenAi(OPENAI_BASE_URL)
        ? []
        : [problem('OPENAI_API_KEY', 'is needed by OpenAI, which OPENAI_BASE_URL names')],
  },
  {
    of: ['SLACK_BOT_TOKEN', 'SLACK_APP_TOKEN', 'SLACK_SIGNING_SECRET', 'SLACK_TRANSPORT'],
    broken: brokenSlack,
  },
];

function brokenSlack(values: Config): string[] {
  const { SLACK_BOT_TOKEN, SLACK_APP_TOKEN, SLACK_SIGNING_SECRET, SLACK_TRANSPORT } = values;
  const partner = SLACK_APP_TOKEN === undefined ? 'SLACK_SIGNING_SECRET' : 'SLACK_APP_TOKEN';
  if (SLACK_BOT_TOKEN === undefined) {
    return SLACK_APP_TOKEN === undefined && SLACK_SIGNING_SECRET === undefined
      ? []
      : [problem('SLACK_BOT_TOKEN', `is needed beside ${partner}`)];
  }
  if (SLACK_TRANSPORT === 'http' && SLACK_SIGNING_SECRET === undefined) {
    return [problem('SLACK_SIGNING_SECRET', 'is needed for SLACK_TRANSPORT=http')];
  }
  const bySocket = SLACK_TRANSPORT === 'socket' || SLACK_SIGNING_SECRET === undefined;
  return SLACK_APP_TOKEN === undefined && bySocket
    ? [problem('SLACK_APP_TOKEN', 'is needed beside SLACK_BOT_TOKEN for Socket Mode')]
    : [];
}

/** Whether an address is OpenAI's, including its regional hosts. */
function isOpenAi(baseUrl: string | undefined): boolean {
  return baseUrl !== undefined && /^(.+\.)?api\.openai\.com$/.test(new URL(baseUrl).hostname);
}

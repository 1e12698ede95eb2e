import { existsSync, readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { rules } from './config/rules.ts';
import { type Config, problem, type Values, type Variable, variables } from './config/variables.ts';
import { BadConfiguration } from './core/errors.ts';

export type { Config } from './config/variables.ts';

/** The names of all variables, for `.env.example` to be compared with. */
export const variableNames: readonly string[] = Object.keys(variables);

/** Names that people write in lower case as well, by their usual ones. */
export const lowerCaseNames: ReadonlyMap<string, string> = new Map(
  ['HTTPS_PROXY', 'HTTP_PROXY', 'NO_PROXY'].map((name) => [name.toLowerCase(), name]),
);

/**
 * Reads the environment, and a `.env` file in the working directory if there is one (what is set
 * in the environment wins). An empty value counts as not set.
 *
 * @throws BadConfiguration that lists every problem, each with the variable and an example
 */
export function readConfig(environment: NodeJS.ProcessEnv = ownEnvironment()): Config {
  const given = Object.fromEntries(
    Object.entries(withUsualNames(environment)).filter(
      ([, value]) => value !== undefined && value.trim() !== '',
    ),
  );
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  const secrets: string[] = [];
  for (const [name, variable] of Object.entries<Variable>(variables)) {
    const result = variable.schema.safeParse(given[name]);
    if (result.success) values[name] = result.data;
    else problems.push(problem(name, result.error.issues[0]?.message ?? 'is not valid'));
    if (variable.secret && given[name] !== undefined)
      secrets.push(...secretsIn(given[name].trim()));
  }
  values['WEB'] ??=
    given['SLACK_BOT_TOKEN'] === undefined && given['DISCORD_BOT_TOKEN'] === undefined;
  values['DRAIN_SECONDS'] ??= given['REDIS_URL'] === undefined ? 8 : 0;
  for (const { of, broken } of rules) {
    // What is wrong by itself was told already.
    if (of.every((name) => name in values)) problems.push(...broken(values as unknown as Config));
  }
  if (problems.length > 0) {
    throw new BadConfiguration(
      ['Parley cannot start with this configuration:', ...problems].join('\n  '),
    );
  }
  return { ...(values as Values & { WEB: boolean; DRAIN_SECONDS: number }), secrets };
}

/** A value; of an address, only if it has a password, which is a secret by itself, too. */
function secretsIn(value: string): string[] {
  if (!/^[a-z+]+:\/\//i.test(value)) return [value];
  const [, user = '', password = user] = /^[a-z+]+:\/\/([^/@:]*)(?::([^/@]+))?@/i.exec(value) ?? [];
  return password === '' ? [] : [value, password];
}

function ownEnvironment(): NodeJS.ProcessEnv {
  for (const name of Object.keys(variables)) {
    // Libraries look into the environment by themselves, and take an empty value for a setting.
    if (process.env[name]?.trim() === '') delete process.env[name];
  }
  return { ...withUsualNames(ownFile()), ...withUsualNames(process.env) };
}

/** Where both are set, the name in lower case counts, as it does for Node and curl. */
function withUsualNames(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const named = { ...environment };
  for (const [lower, name] of lowerCaseNames) {
    const value = named[lower];
    delete named[lower];
    if (value !== undefined && value.trim() !== '') named[name] = value;
  }
  return named;
}

function ownFile(): NodeJS.ProcessEnv {
  return parseEnv(ownFileText() ?? '');
}

/** The text of `.env` in the working directory, if there is one. Throws `BadConfiguration`. */
export function ownFileText(): string | undefined {
  if (!existsSync('.env')) return undefined;
  try {
    // Some editors begin a file with a mark that would be part of the first name.
    return readFileSync('.env', 'utf8').replace(/^\u{FEFF}/u, '');
  } catch (cause) {
    throw new BadConfiguration(
      `Parley cannot read .env in ${process.cwd()}: make it a file that this user can read, or remove it.`,
      { cause },
    );
  }
}

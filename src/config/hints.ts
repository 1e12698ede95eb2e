import { lossOf, type Statement } from './env-file.ts';
import { isAccessList, isSetting, settingMeantBy } from './setting-names.ts';
import { type Hint, shortSecretHint, suchAs, type Variable, variables } from './variables.ts';

/** A value with its source, as in a hint. */
export interface GivenValue {
  readonly value: string;
  readonly where: string;
}

/** Findings about the file and the environment, apart from the values themselves. */
export interface ConfigHints {
  readonly hints: readonly Hint[];
  /** Access lists in `.env` without effect, which would let others in. */
  readonly problems: readonly string[];
}

/** A fault of a statement in `.env`. */
interface StatementFault {
  readonly message: string;
  /** The meant setting. */
  readonly setting?: string;
  /** The statement has no effect at all. */
  readonly hasNoEffect?: true;
  readonly quiet?: true;
}

/** Names that other programs read from the same file, such as Compose. */
const ofOtherPrograms = /^(COMPOSE|DOCKER|HOSTNAME|NODE|NPM|REDIS|TZ)(_|$)|_PROXY$|^PUBLISH$/i;
/** Names that are safe to show; other text may be a part of a secret. */
const safeName = /^[A-Z]+(_[A-Z\d]+)*$/;
const longestName = 40;

/**
 * Hints about `.env` and the environment.
 *
 * @param environment without empty values
 * @param given effective values of both
 */
export function hintsIn(
  statements: readonly Statement[],
  environment: Readonly<Record<string, string>>,
  given: ReadonlyMap<string, GivenValue>,
): ConfigHints {
  const hints: Hint[] = [];
  const problems: string[] = [];
  const effective = new Map(statements.map((statement) => [statement.name, statement]));
  const withoutEffect: Statement[] = [];
  for (const statement of statements) {
    const where = `.env:${statement.line}`;
    const fault = statementFault(statement, effective);
    if (fault === 'no effect') withoutEffect.push(statement);
    else if (fault?.setting !== undefined && fault.hasNoEffect && isAccessList(fault.setting)) {
      problems.push(`${fault.message} (${where}), ${suchAs(fault.setting)}`);
    } else if (fault !== undefined) {
      const { message, quiet } = fault;
      hints.push({ where, message, ...(quiet ? { quiet } : {}) });
    }
  }
  hints.push(
    ...linesWithoutEffect(withoutEffect),
    ...environmentHints(environment, given),
    ...combinationHints(given),
  );
  return { hints, problems };
}

function statementFault(
  statement: Statement,
  effective: ReadonlyMap<string, Statement>,
): StatementFault | 'no effect' | undefined {
  const { name, value, written } = statement;
  if (value === undefined) return withoutEqual(name);
  const isEmpty = written === '';
  if (isSetting(name)) {
    if (isEmpty) return undefined;
    return (
      swallowedSettings(statement) ?? lostText(statement) ?? overriddenLater(statement, effective)
    );
  }
  if (!/^[\w.-]+$/.test(name)) return prefixed(name);
  const setting = settingMeantBy(name, 'file');
  if (setting !== undefined) {
    return isEmpty ? undefined : { message: misspelt(name, setting), setting, hasNoEffect: true };
  }
  if (ofOtherPrograms.test(name)) return undefined;
  if (!safeName.test(name) || name.length > longestName) return 'no effect';
  return isEmpty
    ? undefined
    : { message: `${name} is no setting; .env.example has them all`, quiet: true };
}

function misspelt(name: string, setting: string): string {
  return `${name} is no setting: ${setting} is`;
}

/** `PORT 80`, `port: 80`, or a line of an unquoted text. */
function withoutEqual(line: string): StatementFault | 'no effect' {
  const [, name = ''] = /^(?:export\s+)?([A-Z_]+\b|\w+(?=\s*:))/.exec(line) ?? [];
  const setting = isSetting(name) ? name : settingMeantBy(name, 'file');
  if (setting === undefined) return 'no effect';
  return { message: `${setting} is not set here: "=" is missing`, setting, hasNoEffect: true };
}

/** `set PORT=80`, `$env:PORT=80`. Other text of the line may be a part of a secret. */
function prefixed(name: string): StatementFault | 'no effect' {
  const words = name.match(/\w+/g) ?? [];
  const setting = words.find(isSetting) ?? words.flatMap(listMeantBy)[0];
  if (setting === undefined) return 'no effect';
  const message = `${setting} is not set here: nothing but "${setting}=" may stand before its value`;
  return { message, setting, hasNoEffect: true };
}

function listMeantBy(word: string): string[] {
  const setting = settingMeantBy(word, 'file');
  return setting !== undefined && isAccessList(setting) ? [setting] : [];
}

function lostText(statement: Statement): StatementFault | undefined {
  const { name, value = '' } = statement;
  const { text } = (variables as Readonly<Record<string, Variable>>)[name] ?? {};
  const loss = lossOf(statement, { text: text !== undefined, lines: text === 'lines' });
  if (loss === undefined) return undefined;
  const hasNoEffect = value.trim() === '';
  return { message: `${name} ${loss}`, setting: name, ...(hasNoEffect ? { hasNoEffect } : {}) };
}

/** Settings within the value of an unclosed quote. */
function swallowedSettings({
  name,
  line,
  lastLine,
  written,
}: Statement): StatementFault | undefined {
  if (line === lastLine) return undefined;
  const names = Array.from(
    written.matchAll(/\n\s*(?:export\s+)?([A-Z_]+)\s*=/g),
    ([, name = '']) => name,
  ).filter(isSetting);
  if (names.length === 0) return undefined;
  return {
    message: `${name} goes on in quotes to line ${lastLine}, and takes in ${names.join(', ')}: close its quote`,
    setting: names.find(isAccessList) ?? name,
    hasNoEffect: true,
  };
}

function overriddenLater(
  { name, value = '', line }: Statement,
  effective: ReadonlyMap<string, Statement>,
): StatementFault | undefined {
  const last = effective.get(name);
  if (last === undefined || last.line === line || last.value === value) return undefined;
  const hasNoEffect = last.value?.trim() === '';
  return {
    message: `${name} is set again in line ${last.line}, which counts`,
    setting: name,
    ...(hasNoEffect ? { hasNoEffect } : {}),
  };
}

function linesWithoutEffect(statements: readonly Statement[]): Hint[] {
  const [first, ...others] = statements;
  if (first === undefined) return [];
  const lines =
    others.length === 0
      ? 'this line sets'
      : `this line and ${others.length} more, up to line ${others.at(-1)?.line}, set`;
  const message = `${lines} nothing: write NAME=value, and a value of several lines in quotes`;
  return [{ where: `.env:${first.line}`, message }];
}

function environmentHints(
  environment: Readonly<Record<string, string>>,
  given: ReadonlyMap<string, GivenValue>,
): Hint[] {
  return Object.entries(environment).flatMap(([name, value]) => {
    const where = 'environment';
    if (isSetting(name)) {
      // Docker’s --env-file keeps quotes.
      const isQuoted = /^(["'`]).*\1$/s.test(value.trim());
      return isQuoted
        ? [{ where, message: `${name} has quotes around its value, and they are a part of it` }]
        : [];
    }
    const setting = settingMeantBy(name, 'environment');
    // With both names set, one is likely another program's.
    if (setting === undefined || given.has(setting)) return [];
    return [{ where, message: misspelt(name, setting) }];
  });
}

function combinationHints(given: ReadonlyMap<string, GivenValue>): Hint[] {
  const hints: Hint[] = [];
  if (!given.has('OPENAI_API_KEY') && !given.has('OPENAI_BASE_URL')) {
    for (const name of ['MODEL', 'OPENAI_API']) {
      const where = given.get(name)?.where;
      if (where === undefined) continue;
      const message = `${name} has no effect, and the demo model answers: set OPENAI_API_KEY for OpenAI, or OPENAI_BASE_URL for any other server`;
      hints.push({ where, message });
    }
  }
  for (const [name, { value, where }] of given) {
    const weak = shortSecretHint(name, value);
    if (weak !== undefined) hints.push({ where, message: weak, quiet: true });
  }
  return hints;
}

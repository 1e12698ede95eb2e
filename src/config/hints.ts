import { lossOf, type Statement } from './env-file.ts';
import { isAccessList, isSetting, settingMeantBy } from './setting-names.ts';
import { shortSecretHint } from './secrets.ts';
import { type Hint, suchAs, type Variable, variables } from './variables.ts';

/** A value, and where it was given, as in a hint. */
export interface GivenValue {
  readonly value: string;
  readonly where: string;
}

/** What was found beside what is wrong with the values themselves. */
export interface ConfigHints {
  readonly hints: readonly Hint[];
  /** Access lists that are written in `.env` and do not apply: others would be let in. */
  readonly problems: readonly string[];
}

/** What is wrong with a statement of `.env`. */
interface StatementFault {
  readonly message: string;
  /** The setting that was meant. */
  readonly setting?: string;
  /** Nothing of it applies. */
  readonly isInVain?: true;
  readonly quiet?: true;
}

/** What other programs read from the same file: Compose, and whatever it starts. */
const ofOthers = /^(COMPOSE|DOCKER|HOSTNAME|NODE|NPM|REDIS|TZ)(_|$)|_PROXY$|^PUBLISH$/i;
/** What is no such name may be a piece of a secret. */
const plainName = /^[A-Z]+(_[A-Z\d]+)*$/;
const longestName = 40;

/**
 * What is told about `.env` and the environment.
 *
 * @param environment without empty values
 * @param given what counts of both
 */
export function hintsIn(
  statements: readonly Statement[],
  environment: Readonly<Record<string, string>>,
  given: ReadonlyMap<string, GivenValue>,
): ConfigHints {
  const hints: Hint[] = [];
  const problems: string[] = [];
  const counting = new Map(statements.map((statement) => [statement.name, statement]));
  const idle: Statement[] = [];
  for (const statement of statements) {
    const where = `.env:${statement.line}`;
    const fault = statementFault(statement, counting);
    if (fault === 'idle') idle.push(statement);
    else if (fault?.setting !== undefined && fault.isInVain && isAccessList(fault.setting)) {
      problems.push(`${fault.message} (${where}), ${suchAs(fault.setting)}`);
    } else if (fault !== undefined) {
      const { message, quiet } = fault;
      hints.push({ where, message, ...(quiet ? { quiet } : {}) });
    }
  }
  hints.push(
    ...linesWithoutEffect(idle),
    ...inEnvironment(environment, given),
    ...betweenSettings(given),
  );
  return { hints, problems };
}

function statementFault(
  statement: Statement,
  counting: ReadonlyMap<string, Statement>,
): StatementFault | 'idle' | undefined {
  const { name, value, written } = statement;
  if (value === undefined) return withoutEqual(name);
  const isEmpty = written === '';
  if (isSetting(name)) {
    if (isEmpty) return undefined;
    return (
      swallowedSettings(statement) ?? lostText(statement) ?? overriddenLater(statement, counting)
    );
  }
  if (!/^[\w.-]+$/.test(name)) return hiddenIn(name);
  const setting = settingMeantBy(name, 'file');
  if (setting !== undefined) {
    return isEmpty ? undefined : { message: misspelt(name, setting), setting, isInVain: true };
  }
  if (ofOthers.test(name)) return undefined;
  if (!plainName.test(name) || name.length > longestName) return 'idle';
  return isEmpty
    ? undefined
    : { message: `${name} is no setting; .env.example has them all`, quiet: true };
}

function misspelt(name: string, setting: string): string {
  return `${name} is no setting: ${setting} is`;
}

/** `PORT 80`, `port: 80`; or a line of a text that has no quotes around it. */
function withoutEqual(line: string): StatementFault | 'idle' {
  const [, name = ''] = /^(?:export\s+)?([A-Z_]+\b|\w+(?=\s*:))/.exec(line) ?? [];
  const setting = isSetting(name) ? name : settingMeantBy(name, 'file');
  if (setting === undefined) return 'idle';
  return { message: `${setting} is not set here: "=" is missing`, setting, isInVain: true };
}

/** `set PORT=80`, `$env:PORT=80`. What stands beside the name may be a piece of a secret. */
function hiddenIn(name: string): StatementFault | 'idle' {
  const words = name.match(/\w+/g) ?? [];
  const setting = words.find(isSetting) ?? words.flatMap(listMeantBy)[0];
  if (setting === undefined) return 'idle';
  const message = `${setting} is not set here: nothing but "${setting}=" may stand before its value`;
  return { message, setting, isInVain: true };
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
  const isInVain = value.trim() === '';
  return { message: `${name} ${loss}`, setting: name, ...(isInVain ? { isInVain } : {}) };
}

/** Settings that a quote which nobody closed took for a piece of its value. */
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
    isInVain: true,
  };
}

function overriddenLater(
  { name, value = '', line }: Statement,
  counting: ReadonlyMap<string, Statement>,
): StatementFault | undefined {
  const last = counting.get(name);
  if (last === undefined || last.line === line || last.value === value) return undefined;
  const isInVain = last.value?.trim() === '';
  return {
    message: `${name} is set again in line ${last.line}, which counts`,
    setting: name,
    ...(isInVain ? { isInVain } : {}),
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

function inEnvironment(
  environment: Readonly<Record<string, string>>,
  given: ReadonlyMap<string, GivenValue>,
): Hint[] {
  return Object.entries(environment).flatMap(([name, value]) => {
    const where = 'environment';
    if (isSetting(name)) {
      // Docker’s --env-file knows no quotes.
      const isQuoted = /^(["'`]).*\1$/s.test(value.trim());
      return isQuoted
        ? [{ where, message: `${name} has quotes around its value, and they are a part of it` }]
        : [];
    }
    const setting = settingMeantBy(name, 'environment');
    // With both, one of them is likely for another program.
    if (setting === undefined || given.has(setting)) return [];
    return [{ where, message: misspelt(name, setting) }];
  });
}

function betweenSettings(given: ReadonlyMap<string, GivenValue>): Hint[] {
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

// Tested by test/unit/config/config.test.ts
import { type Variable, variables } from './variables.ts';

/** Least length of a removed secret: shorter ones occur in log lines by chance. */
const minChars = 8;

/** The parts of a value that are removed from every log line. */
export function secretsIn(name: string, value: string): string[] {
  return secretParts(name, value).filter((part) => part.length >= minChars);
}

/** A hint about a secret that is too short to be removed; undefined for others. */
export function shortSecretHint(name: string, value: string): string | undefined {
  const part = secretParts(name, value).at(-1);
  if (part === undefined || part.length >= minChars) return undefined;
  const what = part === value.trim() ? name : `the password in ${name}`;
  return `${what} has fewer than ${minChars} characters: it is not struck out of the log`;
}

/** The secrets of a value: itself, and its password; an address without a password has none. */
function secretParts(name: string, untrimmed: string): string[] {
  if (!(variables as Readonly<Record<string, Variable>>)[name]?.secret) return [];
  const value = untrimmed.trim();
  if (!/^[a-z+]+:\/\//i.test(value)) return [value];
  const [, user = '', password = user] = /^[a-z+]+:\/\/([^/@:]*)(?::([^/@]+))?@/i.exec(value) ?? [];
  return password === '' ? [] : [value, password];
}

import { type Variable, variables } from './variables.ts';

/** What is shorter stands in many a line of a log by chance, which would be destroyed by it. */
const leastChars = 8;

/** What of a variable's value is struck out of every log. */
export function secretsIn(name: string, value: string): string[] {
  return partsOf(name, value).filter((part) => part.length >= leastChars);
}

/** The end of a story about a secret that is too short to be struck out; undefined for others. */
export function shortSecretHint(name: string, value: string): string | undefined {
  const part = partsOf(name, value).at(-1);
  if (part === undefined || part.length >= leastChars) return undefined;
  const what = part === value.trim() ? name : `the password in ${name}`;
  return `${what} has fewer than ${leastChars} characters: it is not struck out of the log`;
}

/** A value; of an address, only if it has a password, which is a secret by itself, too. */
function partsOf(name: string, untrimmed: string): string[] {
  if (!(variables as Readonly<Record<string, Variable>>)[name]?.secret) return [];
  const value = untrimmed.trim();
  if (!/^[a-z+]+:\/\//i.test(value)) return [value];
  const [, user = '', password = user] = /^[a-z+]+:\/\/([^/@:]*)(?::([^/@]+))?@/i.exec(value) ?? [];
  return password === '' ? [] : [value, password];
}

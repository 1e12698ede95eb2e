import { type Fields, fieldsOf, listOf, textOf } from '../../../core/foreign-data.ts';
import { inOneLine } from '../../../core/one-line.ts';

/** As many as Discord tells of at once; who has more looks after them by other means. */
const mostTold = 200;
/** Servers that are named in one line. */
const mostNamed = 5;
/** Discord's own limit is 100. */
const maxNameChars = 40;

/** The call that tells in which servers the bot is. */
export const serversCall = {
  path: '/users/@me/guilds',
  query: { limit: String(mostTold) },
} as const;

export function serversIn(answer: unknown): Fields[] {
  return listOf(answer).map(fieldsOf);
}

/** How many there are, such as `3`, or `200 or more`. */
export function countOf(servers: readonly Fields[]): string {
  return servers.length < mostTold ? String(servers.length) : `${mostTold} or more`;
}

/** The first few of their names, in a line of ours. */
export function namesOf(servers: readonly Fields[]): string {
  const names = servers.slice(0, mostNamed).map(nameOf).join(', ');
  return servers.length > mostNamed ? `${names}, …` : names;
}

export function nameOf({ name }: Fields): string {
  return inOneLine(textOf(name) ?? '', maxNameChars) || 'a server without a name';
}

import { readFileSync } from 'node:fs';
import type { Fields } from '../../../../src/core/foreign-data.ts';
import { type Said, saidIn } from '../../../../src/platforms/discord/messages/discord-message.ts';
import type { Self } from '../../../../src/platforms/discord/api/identify-bot.ts';

const folder = new URL('../../fixtures/discord/', import.meta.url);

/** The bot of the fixtures. */
export const self: Self = {
  id: '1200000000000000001',
  name: 'Parley',
  application: '1200000000000000001',
  roles: new Set(['1200000000000000002']),
};

/** Where the fixtures are. */
export const guild = '1100000000000000001';
export const channel = '1100000000000000002';

export const ann = '1000000000000000001';
export const ben = '1000000000000000002';

export function fixture(name: string): Fields {
  return JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8')) as Fields;
}

/** What somebody said in a fixture. */
export function saidInFixture(name: string): Said {
  const said = saidIn(fixture(name));
  if (said === undefined) throw new Error(`nothing is said in ${name}`);
  return said;
}

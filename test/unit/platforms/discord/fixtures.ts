import { readFileSync } from 'node:fs';
import type { JsonRecord } from '../../../../src/core/foreign-data.ts';
import {
  type DiscordMessage,
  parseMessage,
} from '../../../../src/platforms/discord/messages/discord-message.ts';
import type { BotIdentity } from '../../../../src/platforms/discord/api/identify-bot.ts';

const folder = new URL('../../../fixtures/discord/', import.meta.url);

/** The bot of the fixtures. */
export const bot: BotIdentity = {
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

export function fixture(name: string): JsonRecord {
  return JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8')) as JsonRecord;
}

/** What somebody said in a fixture. */
export function messageInFixture(name: string): DiscordMessage {
  const said = parseMessage(fixture(name));
  if (said === undefined) throw new Error(`nothing is said in ${name}`);
  return said;
}

import { readdirSync, readFileSync } from 'node:fs';
import type { JsonRecord } from '../../../../src/core/foreign-data.ts';
import type { SlackMessage } from '../../../../src/platforms/slack/messages/slack-message.ts';
import type { BotIdentity } from '../../../../src/platforms/slack/api/identify-bot.ts';
import { parseEvent } from '../../../../src/platforms/slack/receive/parse-event.ts';

const folder = new URL('../../../fixtures/slack/', import.meta.url);

/** The bot of the fixtures. */
export const bot: BotIdentity = {
  team: 'T024BE7LD',
  userId: 'U0LAN0Z89',
  botId: 'B0LAN0Z8A',
  name: 'Parley',
};

/** Whom the fixtures mention. */
export const names = new Map([
  ['U061F7AUR', 'Ann'],
  ['U2147483697', 'Ben'],
]);

export function fixture(name: string): JsonRecord {
  return JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8')) as JsonRecord;
}

export function fixtureNames(): string[] {
  return readdirSync(folder).map((file) => file.replace('.json', ''));
}

/** The message of a fixture, however it is reported. */
export function messageInFixture(name: string): SlackMessage {
  const event = parseEvent(fixture(name));
  if (event === undefined || !('message' in event)) throw new Error(`no message in ${name}`);
  return event.message;
}

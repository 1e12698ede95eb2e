import {
  decodeEntities,
  findHostName,
  findLinkTarget,
  findUrl,
  streamableText,
  textBeforeUrl,
} from '../../../src/platforms/slack/reply/link-safety.ts';
import { slackFormat } from '../../../src/platforms/slack/reply/markdown-format.ts';
import {
  mentionsBot,
  messageText,
  normalizeMessage,
  traitsOf,
} from '../../../src/platforms/slack/messages/normalize-message.ts';
import {
  parseMessage,
  type SlackMessage,
} from '../../../src/platforms/slack/messages/slack-message.ts';
import type { BotIdentity } from '../../../src/platforms/slack/api/identify-bot.ts';
import { parseEvent } from '../../../src/platforms/slack/receive/parse-event.ts';
import {
  mentionedUsers,
  mentionsGroup,
  toPlainText,
} from '../../../src/platforms/slack/messages/slack-text.ts';
import { answer, type Subject } from './subject.ts';

const bot: BotIdentity = { team: 'T1', userId: 'UBOT', botId: 'BBOT', name: 'parley' };
const names = new Map([['U1', 'Ann']]);

const frames = [
  ['', ''],
  ['<@UBOT>', ''],
  ['<@UBOT> a ', ' <@UBOT>'],
  ['', '<@UBOT> a'],
  ['', '<@UBOT|'],
] as const;

function said(text: string): SlackMessage {
  const found = parseMessage({ ts: '1700000000.000100', user: 'U1', text }, { channel: 'C1' });
  if (found === undefined) throw new Error('nothing is said');
  return found;
}

function named(name: string): SlackMessage {
  return { ...said('a'), files: [name], user: '', botAuthor: { name } };
}

/** Of what people write in Slack, and of what models write to be shown there. */
export const slack: readonly Subject[] = [
  { name: 'slack textFor', run: (text) => messageText(said(text), bot, names), frames },
  {
    name: 'slack toMessage',
    run: (text) => normalizeMessage(named(text), { kind: 'question', opens: true }, bot, names),
  },
  { name: 'slack mentions', run: (text) => mentionsBot(said(text), bot), frames },
  {
    name: 'slack meant',
    run: (text) => traitsOf({ ...said(text), threadTs: '1' }, bot),
  },
  {
    name: 'slack toldBy',
    run: (text) =>
      parseEvent({
        type: 'event_callback',
        event: { type: 'message', channel: 'C1', ts: '1', user: 'U1', text },
      }),
  },
  { name: 'slack peopleIn', run: mentionedUsers },
  { name: 'slack callsGroup', run: mentionsGroup },
  { name: 'slack readable', run: (text) => toPlainText(text, names) },
  { name: 'slack addressIn', run: findUrl },
  { name: 'slack decoded', run: decodeEntities },
  { name: 'slack hostNameIn', run: findHostName },
  { name: 'slack linkTargetIn', run: findLinkTarget },
  {
    name: 'slack streamable',
    run: (text) => streamableText(text),
    frames: [
      ['', ''],
      ['[', ''],
    ],
  },
  { name: 'slack postable', run: (text) => textBeforeUrl(text) },
  {
    name: 'slack format',
    bound: answer,
    run: (text) => slackFormat.size(slackFormat.render(text)),
    frames: [
      ['', ''],
      ['![', ''],
      ['', '![a]('],
    ],
  },
];

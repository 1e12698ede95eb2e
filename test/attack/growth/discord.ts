import { threadTitle } from '../../../src/platforms/discord/cache/channels.ts';
import { discordFormat } from '../../../src/platforms/discord/reply/markdown-format.ts';
import {
  type DiscordMessage,
  isVisible,
  oneLine,
  parseMessage,
} from '../../../src/platforms/discord/messages/discord-message.ts';
import { showMismatchedTargets } from '../../../src/platforms/common/masked-links.ts';
import { withoutLinks } from '../../../src/platforms/discord/reply/reply-calls.ts';
import {
  mentionsBot,
  messageText,
} from '../../../src/platforms/discord/messages/normalize-message.ts';
import type { BotIdentity } from '../../../src/platforms/discord/api/identify-bot.ts';
import {
  mentionsIn,
  threadName,
  toPlainText,
  withoutBotMention,
} from '../../../src/platforms/discord/messages/discord-text.ts';
import { answer, type Subject } from './subject.ts';

const id = '1200000000000000001';
const self: BotIdentity = {
  id,
  name: 'parley',
  application: id,
  roles: new Set(['1200000000000000002']),
};
const names = { channel: () => 'general', role: () => 'crew' };

const bell = `<@${id}>`;
const frames = [
  ['', ''],
  [bell, ''],
  [`${bell} a `, ` ${bell}`],
  ['', `${bell} a`],
] as const;

/** With `name`, which Discord bounds, in all that is said of people and things. */
function said(text: string, name = 'a'): DiscordMessage {
  const found = parseMessage({
    id: '1300000000000000001',
    channel_id: '1300000000000000002',
    type: 0,
    author: { id: '1300000000000000003', username: name, global_name: name },
    member: { nick: name },
    content: text,
    attachments: [{ filename: name }],
    poll: { question: { text: name } },
    mentions: [{ id, username: name }],
  });
  if (found === undefined) throw new Error('nothing is said');
  return found;
}

/** Of what people write in Discord, and of what models write to be shown there. */
export const discord: readonly Subject[] = [
  { name: 'discord saidIn', run: (text) => said(text, text) },
  { name: 'discord textFor', run: (text) => messageText(said(text), self, names), frames },
  { name: 'discord mentions', run: (text) => mentionsBot(said(text), self), frames },
  { name: 'discord calledIn', run: mentionsIn },
  { name: 'discord readable', run: (text) => toPlainText(text, { ...names, people: new Map() }) },
  { name: 'discord withoutBell', run: (text) => withoutBotMention(text, self), frames },
  { name: 'discord oneLine', run: oneLine },
  { name: 'discord isVisible', run: isVisible },
  {
    name: 'discord titleOf',
    run: (name) => threadTitle({ id, kind: 'thread', name }, { known: () => undefined } as never),
  },
  {
    name: 'discord threadName',
    run: threadName,
    frames: [
      ['', ''],
      ['a', ''],
    ],
  },
  {
    name: 'discord honestLinks',
    run: (text) => showMismatchedTargets(text),
    bound: answer,
    frames: [
      ['', ''],
      ['[a](', ''],
      ['[', '](https://a.b)'],
      ['[a](https://a.b "', '")'],
      ['](', ''],
    ],
  },
  {
    name: 'discord withoutLinks',
    run: withoutLinks,
    frames: [
      ['', ''],
      ['[a](http:', ''],
    ],
  },
  {
    name: 'discord format',
    bound: answer,
    run: (text) => discordFormat.size(discordFormat.render(text)),
    frames: [
      ['', ''],
      ['|a|\n|-|\n|', ''],
      ['#### ', ''],
      ['```\n', ''],
      ['> ```\n', ''],
    ],
  },
];

import {
  addressIn,
  decoded,
  hostNameIn,
  linkTargetIn,
  postable,
  streamable,
} from '../../../src/platforms/slack/reply/link-safety.ts';
import { slackFormat } from '../../../src/platforms/slack/reply/markdown-format.ts';
import { meant, mentions } from '../../../src/platforms/slack/receive/classify-message.ts';
import { type Said, saidIn } from '../../../src/platforms/slack/messages/slack-message.ts';
import type { Self } from '../../../src/platforms/slack/api/identify-bot.ts';
import { stopsInChannel } from '../../../src/platforms/slack/receive/event-handler.ts';
import { textFor, toMessage } from '../../../src/platforms/slack/messages/normalize-message.ts';
import { toldBy } from '../../../src/platforms/slack/receive/parse-event.ts';
import {
  callsGroup,
  peopleIn,
  readable,
} from '../../../src/platforms/slack/messages/slack-text.ts';
import { answer, type Subject } from './subject.ts';

const self: Self = { team: 'T1', userId: 'UBOT', botId: 'BBOT', name: 'parley' };
const names = new Map([['U1', 'Ann']]);

const frames = [
  ['', ''],
  ['<@UBOT>', ''],
  ['<@UBOT> a ', ' <@UBOT>'],
  ['', '<@UBOT> a'],
  ['', '<@UBOT|'],
] as const;

function said(text: string): Said {
  const found = saidIn({ ts: '1700000000.000100', user: 'U1', text }, { channel: 'C1' });
  if (found === undefined) throw new Error('nothing is said');
  return found;
}

function named(name: string): Said {
  return { ...said('a'), files: [name], user: '', bot: { name } };
}

/** Of what people write in Slack, and of what models write to be shown there. */
export const slack: readonly Subject[] = [
  { name: 'slack textFor', run: (text) => textFor(said(text), self, names), frames },
  { name: 'slack toMessage', run: (text) => toMessage(named(text), 'question', self, names) },
  { name: 'slack mentions', run: (text) => mentions(said(text), self), frames },
  { name: 'slack stopsInChannel', run: (text) => stopsInChannel(said(text), self), frames },
  {
    name: 'slack meant',
    run: (text) => meant({ ...said(text), threadTs: '1' }, self, 'auto', undefined),
  },
  {
    name: 'slack toldBy',
    run: (text) =>
      toldBy({
        type: 'event_callback',
        event: { type: 'message', channel: 'C1', ts: '1', user: 'U1', text },
      }),
  },
  { name: 'slack peopleIn', run: peopleIn },
  { name: 'slack callsGroup', run: callsGroup },
  { name: 'slack readable', run: (text) => readable(text, names) },
  { name: 'slack addressIn', run: addressIn },
  { name: 'slack decoded', run: decoded },
  { name: 'slack hostNameIn', run: hostNameIn },
  { name: 'slack linkTargetIn', run: linkTargetIn },
  {
    name: 'slack streamable',
    run: (text) => streamable(text),
    frames: [
      ['', ''],
      ['[', ''],
    ],
  },
  { name: 'slack postable', run: (text) => postable(text) },
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

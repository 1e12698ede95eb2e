import type { DiscordFake } from '../../fakes/discord/discord-fake.ts';
import { leakCanaries } from '../../fakes/leak-canaries.ts';
import type { SlackFake } from '../../fakes/slack/slack-fake.ts';
import { flooded, stranger } from './site.ts';

const { words } = leakCanaries;
const slackChars = 40_000;
const discordChars = 4_000;
/** What Slack's people write, each as long as Slack takes it. */
const slackTexts: readonly string[] = [
  filled(' ', slackChars),
  filled(',', slackChars),
  filled('<@', slackChars),
  filled('&lt;', slackChars),
  filled('_ _ ', slackChars),
  filled('```\n', slackChars),
  Array.from({ length: 2_500 }, (_, at) => `<@U7${at}>`).join(' '),
  filled('漢', slackChars),
];
const discordTexts = [' ', ',', '<@', '<@&1>', '_ _ ', '```\n', '> ', '漢', '<t:1'].map((unit) =>
  filled(unit, discordChars),
);

/** Between two handfuls of events. */
const everyMs = 40;

/** Sends until it is stopped; then it says how many events that were. */
export type Flood = () => number;

/** 25 mentions a second, whose two events come twice each: ten times what Slack sends at most. */
export function floodSlack(slack: SlackFake): Flood {
  let sent = 0;
  return repeat(() => {
    slack.events.duplicateNext(2);
    const text = slackTexts[sent % slackTexts.length]!;
    slack.person(stranger(sent % flooded.people)).mentions(flooded.slack, text);
    sent += 1;
    return sent * 4;
  });
}

/** 50 messages a second, every other one a mention, and beside them events of odd forms. */
export function floodDiscord(discord: DiscordFake): Flood {
  let sent = 0;
  const guildId = discord.state.guild().id;
  const channelId = discord.channel(flooded.discord).id;
  const odd = oddEvents(channelId);
  return repeat(() => {
    for (let one = 0; one < 2; one += 1) {
      const person = discord.person(`Stranger ${sent % flooded.people}`);
      const text = discordTexts[sent % discordTexts.length]!;
      if (sent % 2 === 0) person.mention(flooded.discord, text);
      else person.say(flooded.discord, text);
      sent += 1;
    }
    for (const [type, payload] of odd) {
      discord.gateway.dispatch(type, payload as object, { guildId, channelId });
    }
    return sent + (sent / 2) * odd.length;
  });
}

function oddEvents(channel: string): [string, unknown][] {
  const author = { id: '1', username: 'x' };
  const message = { id: '9'.repeat(18), channel_id: channel, author, content: '' };
  return [
    ['MESSAGE_CREATE', {}],
    ['MESSAGE_CREATE', { ...message, author: null }],
    ['MESSAGE_CREATE', { ...message, content: { a: [words] } }],
    ['MESSAGE_CREATE', { ...message, id: 'x'.repeat(2_000) }],
    ['MESSAGE_CREATE', { ...message, mentions: Array.from({ length: 500 }, () => author) }],
    ['MESSAGE_UPDATE', { ...message, edited_timestamp: words }],
    ['MESSAGE_DELETE', { id: [] }],
    ['MESSAGE_DELETE_BULK', { ids: 7, channel_id: channel }],
    ['THREAD_CREATE', { id: 5, name: words.repeat(100) }],
    ['GUILD_ROLE_UPDATE', { role: null }],
    ['NEVER_HEARD_OF', { words }],
  ];
}

function filled(unit: string, chars: number): string {
  return `${words} ${unit.repeat(chars / unit.length)}`.slice(0, chars - 40);
}

/** Calls it again and again, unless a call throws; what stops it throws that, then. */
function repeat(send: () => number): Flood {
  let sent = 0;
  let fault: unknown;
  const timer = setInterval(() => {
    try {
      sent = send();
    } catch (error) {
      fault = error;
      clearInterval(timer);
    }
  }, everyMs);
  return () => {
    clearInterval(timer);
    if (fault !== undefined) throw fault;
    return sent;
  };
}

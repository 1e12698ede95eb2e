import { describe, expect, it } from 'vitest';
import { accessOf, botAuthors, deniedAuthors } from '../../../src/wiring/chat-platforms.ts';
import { readConfig } from '../../../src/config/config.ts';

const server = '1100000000000000001';
const other = '1100000000000000002';

describe('the lists of who may', () => {
  it('are ids with commas or spaces between them, each for its own platform', () => {
    const config = readConfig({
      ALLOW_WORKSPACES: `T024BE7LD, E0ORG\n${server},,T024BE7LD`,
      DENY_CHANNELS: 'C1 G2,D3',
      ALLOW_PEOPLE: 'U061F7AUR W1',
      DENY_ROLES: server,
      ALLOW_BOTS: `B1 U7 ${other}`,
    });
    expect(config).toMatchObject({
      ALLOW_WORKSPACES: { slack: ['T024BE7LD', 'E0ORG'], discord: [server] },
      DENY_WORKSPACES: { slack: [], discord: [] },
      DENY_CHANNELS: { slack: ['C1', 'G2', 'D3'], discord: [] },
      ALLOW_PEOPLE: { slack: ['U061F7AUR', 'W1'], discord: [] },
      DENY_ROLES: { slack: [], discord: [server] },
      ALLOW_BOTS: { slack: ['B1', 'U7'], discord: [other] },
      DIRECT_MESSAGES: 'members',
      MAX_BOT_TURNS: 3,
    });
  });

  it('restrict the platform of which they name something, and no other', () => {
    const config = readConfig({
      ALLOW_WORKSPACES: server,
      DENY_CHANNELS: 'C1',
      ALLOW_PEOPLE: 'U1',
      DIRECT_MESSAGES: 'off',
    });
    const [slack, discord] = [accessOf(config, 'slack'), accessOf(config, 'discord')];
    const ann = { ids: ['U1'] };
    const spot = { workspaces: ['T1'], channels: ['C2'], direct: false };
    expect(slack.denialOf(spot, ann)).toBeUndefined();
    expect(slack.denialOf({ ...spot, channels: ['C1'] }, ann)).toBe('channel');
    expect(slack.denialOf(spot, { ids: ['U2'] })).toBe('person');
    expect(slack.denialOf({ ...spot, direct: true }, ann)).toBe('direct');
    const elsewhere = { workspaces: [server], channels: ['C1'], direct: false };
    expect(discord.denialOf(elsewhere, { ids: ['U2'] })).toBeUndefined();
    expect(discord.denialOf({ ...elsewhere, workspaces: [other] }, ann)).toBe('workspace');
  });

  it.each([
    ['ALLOW_WORKSPACES', 'C1', 'must list ids of Slack workspaces or organisations (T…, E…)'],
    ['DENY_WORKSPACES', 't024be7ld', '"t024be7ld" is none'],
    ['ALLOW_CHANNELS', '#general C1 general', '"#general", "general" are none'],
    ['DENY_PEOPLE', '@ann', 'must list ids of people in Slack (U…, W…) or Discord'],
    ['ALLOW_PEOPLE', '12345678901234', '"12345678901234" is none'],
    ['ALLOW_ROLES', 'S0GROUP', 'Slack has no roles'],
    ['ALLOW_BOTS', 'A1', 'must list ids of bots in Slack (B…, U…, W…) or Discord'],
    ['MAX_BOT_TURNS', '0', 'must be a whole number from 1 to 100'],
    ['MAX_BOT_TURNS', '101', 'must be a whole number from 1 to 100'],
    ['DIRECT_MESSAGES', 'on', 'must be members, everyone or off'],
  ])('%s=%s: is refused with what would do', (name, value, message) => {
    expect(() => readConfig({ [name]: value })).toThrow(message);
    expect(() => readConfig({ [name]: value })).toThrow(`such as ${name}=`);
  });

  it('know bots by the ids of their authors', () => {
    const isBot = botAuthors(readConfig({ ALLOW_BOTS: `U7 ${other}` }));
    // Other bots are kept as context in Slack: they are no humans either.
    expect(['T1:U7', 'T1:B9', 'T1:bot', other].map(isBot)).toEqual([true, true, true, true]);
    expect(['T1:U1', 'T1:W1', server, 'somebody'].map(isBot)).toEqual([false, false, false, false]);
  });
});

it('denied authors are known by their ids in conversations', () => {
  const isDenied = deniedAuthors(readConfig({ DENY_PEOPLE: `U1 ${server}` }));
  expect(['T1:U1', 'U1', server].map(isDenied)).toEqual([true, true, true]);
  expect(['T1:U2', other, 'U1:U2'].map(isDenied)).toEqual([false, false, false]);
});

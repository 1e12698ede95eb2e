import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Access, type AccessLists } from '../../../../../src/core/intake/access.ts';
import { CallFailed } from '../../../../../src/core/domain/errors.ts';
import type { DiscordApi } from '../../../../../src/platforms/discord/api/rest-api.ts';
import { Channels } from '../../../../../src/platforms/discord/cache/channels.ts';
import { AccessCheck } from '../../../../../src/platforms/discord/receive/access-check.ts';
import {
  errorCodes,
  DiscordApiError,
} from '../../../../../src/platforms/discord/api/api-errors.ts';
import { Guilds } from '../../../../../src/platforms/discord/cache/guilds.ts';
import { Members } from '../../../../../src/platforms/discord/cache/members.ts';
import type { DiscordMessage } from '../../../../../src/platforms/discord/messages/discord-message.ts';

const [red, blue, grey] = ['1100000000000000001', '1100000000000000002', '1100000000000000003'];
const [category, parent, thread] = [
  '1200000000000000001',
  '1200000000000000002',
  '1200000000000000003',
];
const [ann, ben] = ['1000000000000000001', '1000000000000000002'];
const [redRole, blueRole] = ['1300000000000000001', '1300000000000000002'];
const { signal } = new AbortController();

interface WorldOptions extends Pick<AccessLists, 'direct'> {
  readonly allow?: Partial<Record<keyof AccessLists, string[]>>;
  readonly deny?: Partial<Record<keyof AccessLists, string[]>>;
  /** Roles by `guild person`. */
  readonly memberships?: Readonly<Record<string, readonly string[]>>;
}

/** A accessCheck before two servers, of which Discord tells who is a member. */
function world({ allow = {}, deny = {}, memberships = {}, direct }: WorldOptions = {}) {
  const lists = Object.fromEntries(
    [...Object.keys(allow), ...Object.keys(deny)].map((name) => [
      name,
      {
        allow: allow[name as 'people'] ?? [],
        deny: deny[name as 'people'] ?? [],
      },
    ]),
  );
  const asked: string[] = [];
  const state = { fault: undefined as unknown };
  const api = {
    async read(path: string): Promise<unknown> {
      const [, guild = '', person = ''] = /^\/guilds\/(\d+)\/members\/(\d+)$/.exec(path) ?? [];
      asked.push(`${guild} ${person}`);
      if (state.fault !== undefined) throw state.fault;
      const roles = memberships[`${guild} ${person}`];
      if (roles === undefined)
        throw new DiscordApiError(path, errorCodes.unknownMember, 'Unknown Member');
      return { roles, user: { id: person } };
    },
  };
  const guilds = new Guilds();
  guilds.learn('READY', { shard: [0, 1], guilds: [{ id: red }, { id: blue }] });
  guilds.learn('GUILD_CREATE', { id: red, roles: [{ id: red }, { id: redRole }] });
  guilds.learn('GUILD_CREATE', { id: blue, roles: [{ id: blue }, { id: blueRole }] });
  const channels = new Channels({} as DiscordApi);
  channels.learn({ id: category, type: 4 });
  channels.learn({ id: parent, type: 0, parent_id: category });
  channels.learn({ id: thread, type: 11, parent_id: parent });
  const access = new Access({ ...lists, ...(direct === undefined ? {} : { direct }) });
  const accessCheck = new AccessCheck({ access, members: new Members(api), guilds, channels });
  return { accessCheck, guilds, asked, state };
}

function said(person = ann, guild?: string): DiscordMessage {
  return {
    id: '1400000000000000001',
    channel: thread,
    ...(guild === undefined ? {} : { guild }),
    author: { id: person, name: 'Somebody', bot: false },
    text: 'hello',
    forwarded: [],
    mentions: [],
    mentionsEveryone: false,
    mentionedRoles: [],
    files: [],
  };
}

describe('who may write the bot directly', () => {
  it.each([
    ['members', {}, 'direct', 2],
    ['members', { [`${blue} ${ann}`]: [] }, undefined, 2],
    ['members', { [`${red} ${ann}`]: [] }, undefined, 1],
    ['everyone', {}, undefined, 0],
    ['off', { [`${red} ${ann}`]: [] }, 'direct', 0],
  ] as const)('%s, member of %o: %s', async (direct, memberships, expected, calls) => {
    const { accessCheck, asked } = world({ direct, memberships });
    expect(await accessCheck.denialReason(said(), signal)).toBe(expected);
    expect(asked).toHaveLength(calls);
    // Yes and no are both remembered.
    expect(await accessCheck.denialReason(said(), signal)).toBe(expected);
    expect(asked).toHaveLength(calls);
  });

  it('are those of allowed servers alone', async () => {
    const memberships = { [`${red} ${ann}`]: [], [`${blue} ${ben}`]: [] };
    const lists = [{ allow: { workspaces: [blue] } }, { deny: { workspaces: [red] } }];
    for (const list of lists) {
      const { accessCheck, asked } = world({ ...list, memberships });
      expect(await accessCheck.denialReason(said(ann), signal)).toBe('direct');
      expect(await accessCheck.denialReason(said(ben), signal)).toBeUndefined();
      expect(asked.every((call) => call.startsWith(blue))).toBe(true);
    }
    const { accessCheck } = world({ ...lists[0], memberships, direct: 'everyone' });
    expect(await accessCheck.denialReason(said(ann), signal)).toBe('workspace');
    expect(await accessCheck.denialReason(said(ben), signal)).toBeUndefined();
  });

  it('need not be asked for where they were heard', async () => {
    const { accessCheck, asked } = world();
    accessCheck.learnAuthorRoles({ ...said(ann, blue), authorRoles: [] });
    expect(await accessCheck.denialReason(said(), signal)).toBeUndefined();
    expect(asked).toEqual([]);
  });

  it('have the roles that they have in those servers, each with that of everybody', async () => {
    const memberships = { [`${red} ${ann}`]: [redRole], [`${blue} ${ann}`]: [blueRole] };
    const cases: readonly (readonly [WorldOptions, string | undefined])[] = [
      [{ allow: { roles: [blueRole] } }, undefined],
      [{ allow: { roles: [red] } }, undefined],
      [{ allow: { roles: [grey] } }, 'person'],
      [{ allow: { roles: [grey], people: [ann] } }, undefined],
      [{ deny: { roles: [blueRole] } }, 'person'],
      [{ deny: { roles: [blue] } }, 'person'],
      [{ deny: { roles: [grey] } }, undefined],
      [{ allow: { roles: [redRole] }, deny: { workspaces: [red] } }, 'person'],
      [{ deny: { roles: [redRole], workspaces: [red] } }, undefined],
      [{ allow: { people: [ben] } }, 'person'],
      [{ deny: { people: [ann] } }, 'person'],
      [{ allow: { roles: [redRole] }, direct: 'everyone' }, undefined],
      [{ allow: { roles: [grey] }, direct: 'everyone' }, 'person'],
    ];
    for (const [options, expected] of cases) {
      const { accessCheck } = world({ ...options, memberships });
      expect(await accessCheck.denialReason(said(), signal), JSON.stringify(options)).toBe(
        expected,
      );
    }
  });

  it('is not decided while Discord cannot be asked, or not all servers are known', async () => {
    const { accessCheck, state, guilds } = world({ memberships: { [`${red} ${ann}`]: [] } });
    state.fault = new CallFailed('away');
    await expect(accessCheck.denialReason(said(), signal)).rejects.toBeInstanceOf(CallFailed);
    state.fault = undefined;
    guilds.learn('READY', { shard: [0, 2], guilds: [{ id: red }] });
    await expect(accessCheck.denialReason(said(), signal)).rejects.toBeInstanceOf(CallFailed);
    guilds.learn('READY', { shard: [1, 2], guilds: [{ id: blue }] });
    expect(await accessCheck.denialReason(said(), signal)).toBeUndefined();
  });

  it('is not decided by what Discord refuses for another reason', async () => {
    const { accessCheck, state } = world();
    state.fault = new DiscordApiError('GET', 40_001, 'Unauthorized');
    await expect(accessCheck.denialReason(said(), signal)).rejects.toBe(state.fault);
  });
});

describe('who may ask in a server', () => {
  it('is told by the channel, the thread’s parent and the category', async () => {
    for (const id of [thread, parent, category]) {
      const shut = world({ deny: { channels: [id] } });
      expect(await shut.accessCheck.denialReason(said(ann, red), signal)).toBe('channel');
      const open = world({ allow: { channels: [id] } });
      expect(await open.accessCheck.denialReason(said(ann, red), signal)).toBeUndefined();
    }
    const other = world({ allow: { channels: [grey] } });
    expect(await other.accessCheck.denialReason(said(ann, red), signal)).toBe('channel');
  });

  it('is told by roles, as the message or else Discord tells them', async () => {
    const memberships = { [`${red} ${ben}`]: [redRole] };
    const { accessCheck, asked } = world({ allow: { roles: [redRole] }, memberships });
    accessCheck.learnAuthorRoles({ ...said(ann, red), authorRoles: [redRole] });
    expect(await accessCheck.denialReason(said(ann, red), signal)).toBeUndefined();
    expect(asked).toEqual([]);
    expect(await accessCheck.denialReason(said(ben, red), signal)).toBeUndefined();
    expect(asked).toEqual([`${red} ${ben}`]);
    accessCheck.learnAuthorRoles({ ...said(ann, red), authorRoles: [] });
    expect(await accessCheck.denialReason(said(ann, red), signal)).toBe('person');
    // No such role is there: nobody need be asked for.
    expect(await accessCheck.denialReason(said(ann, blue), signal)).toBe('person');
    expect(asked).toHaveLength(1);
  });
});

describe('what is known of members', () => {
  beforeEach(() => {
    vi.useFakeTimers();
    // The cache takes 0 for no time at all.
    vi.advanceTimersByTime(1);
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  it('is believed for an hour', async () => {
    const memberships: Record<string, string[]> = {};
    const { accessCheck, asked } = world({ memberships, allow: { workspaces: [red] } });
    expect(await accessCheck.denialReason(said(), signal)).toBe('direct');
    memberships[`${red} ${ann}`] = [];
    vi.advanceTimersByTime(60 * 60_000 - 1);
    expect(await accessCheck.denialReason(said(), signal)).toBe('direct');
    vi.advanceTimersByTime(2);
    expect(await accessCheck.denialReason(said(), signal)).toBeUndefined();
    expect(asked).toHaveLength(2);
  });

  it('is forgotten first of whoever was heard of longest ago', async () => {
    const memberships = { [`${red} ${ann}`]: [], [`${red} ${ben}`]: [] };
    const { accessCheck, asked } = world({ memberships, allow: { workspaces: [red] } });
    await accessCheck.denialReason(said(ben), signal);
    await accessCheck.denialReason(said(ann), signal);
    const crowd = (from: number, to: number): void => {
      for (let at = from; at < to; at += 1) {
        const author = { id: `15000000000000${at}`, name: 'One', bot: false };
        accessCheck.learnAuthorRoles({ ...said(ann, blue), author, authorRoles: [] });
      }
    };
    crowd(10_000, 19_998);
    await accessCheck.denialReason(said(ben), signal);
    expect(asked).toHaveLength(2);
    crowd(20_000, 20_001);
    await accessCheck.denialReason(said(ben), signal);
    expect(asked).toHaveLength(2);
    await accessCheck.denialReason(said(ann), signal);
    expect(asked).toHaveLength(3);
  });
});

describe('the servers that the bot is in', () => {
  it('are those of every shard, and those that it came into and did not leave', () => {
    const guilds = new Guilds();
    expect(guilds.complete).toBe(false);
    guilds.learn('READY', { shard: [0, 2], guilds: [{ id: red }, { id: blue }] });
    guilds.learn('GUILD_CREATE', { id: grey, roles: [] });
    expect(guilds.complete).toBe(false);
    guilds.learn('READY', { shard: [1, 2], guilds: [] });
    expect(guilds.complete).toBe(true);
    expect(guilds.ids).toEqual([red, blue, grey]);
    guilds.learn('GUILD_DELETE', { id: red, unavailable: true });
    expect(guilds.ids).toContain(red);
    guilds.learn('GUILD_DELETE', { id: red });
    guilds.learn('GUILD_DELETE', { id: grey });
    expect(guilds.ids).toEqual([blue]);
    guilds.learn('GUILD_CREATE', { id: red, roles: [] });
    expect(guilds.ids).toEqual([red, blue]);
    // It was sent away while nobody listened.
    guilds.learn('READY', { shard: [0, 2], guilds: [{ id: blue }] });
    expect(guilds.ids).toEqual([blue]);
  });

  it('may have any role until it is told which they have', () => {
    const guilds = new Guilds();
    guilds.learn('READY', { shard: [0, 1], guilds: [{ id: red }] });
    guilds.learn('GUILD_CREATE', { id: red, unavailable: true });
    expect(guilds.mayHaveRole(red, [redRole])).toBe(true);
    guilds.learn('GUILD_CREATE', { id: red, roles: [{ id: red }] });
    expect(guilds.mayHaveRole(red, [redRole])).toBe(false);
    expect(guilds.mayHaveRole(red, [redRole, red])).toBe(true);
  });
});

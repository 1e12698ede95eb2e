import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  Access,
  type AccessLists,
  type MessageOrigin,
  RefusalNotices,
  type Sender,
} from '../../../../src/core/intake/access.ts';
import type { Lease } from '../../../../src/core/ports/store.ts';
import { recordingLog } from '../../../fakes/recording-log.ts';

/** Words between spaces as a list: those with a minus before them are denied. */
function list(words: string): { allow: string[]; deny: string[] } {
  const ids = words.split(' ').filter((id) => id !== '');
  return {
    allow: ids.filter((id) => !id.startsWith('-')),
    deny: ids.filter((id) => id.startsWith('-')).map((id) => id.slice(1)),
  };
}

function access(lists: Partial<Record<keyof AccessLists, string>>): Access {
  const { direct, ...rest } = lists;
  return new Access({
    ...Object.fromEntries(Object.entries(rest).map(([name, words]) => [name, list(words)])),
    ...(direct === undefined ? {} : { direct: direct as 'members' }),
  });
}

const inChannel: MessageOrigin = {
  workspaces: ['T1', 'E1'],
  channels: ['C1', 'K1'],
  direct: false,
};
const inPrivate: MessageOrigin = { workspaces: ['T1', 'E1'], channels: ['D1'], direct: true };
const ann: Sender = { ids: ['U1'], roles: ['R1', 'R2'] };
const robot: Sender = { ids: ['U9', 'B9'], bot: true };

describe('access', () => {
  it.each([
    [{}, undefined],
    [{ workspaces: 'T1' }, undefined],
    [{ workspaces: 'E1' }, undefined],
    [{ workspaces: 'T2' }, 'workspace'],
    [{ workspaces: '-T2' }, undefined],
    [{ workspaces: '-E1' }, 'workspace'],
    [{ workspaces: 'T1 -T1' }, 'workspace'],
    [{ workspaces: 'T1 -E1' }, 'workspace'],
    [{ channels: 'C1' }, undefined],
    [{ channels: 'K1' }, undefined],
    [{ channels: 'C2' }, 'channel'],
    [{ channels: '-K1' }, 'channel'],
    [{ channels: 'C1 -K1' }, 'channel'],
    [{ people: 'U1' }, undefined],
    [{ people: 'U2' }, 'person'],
    [{ people: '-U1' }, 'person'],
    [{ people: 'U1 -U1' }, 'person'],
    [{ people: '-U2' }, undefined],
    [{ roles: 'R2' }, undefined],
    [{ roles: 'R3' }, 'person'],
    [{ roles: '-R2' }, 'person'],
    [{ roles: 'R1 -R2' }, 'person'],
    [{ people: 'U2', roles: 'R1' }, undefined],
    [{ people: 'U1', roles: 'R3' }, undefined],
    [{ people: 'U2', roles: 'R3' }, 'person'],
    [{ people: 'U1', roles: '-R1' }, 'person'],
    [{ people: '-U1', roles: 'R1' }, 'person'],
    [{ workspaces: 'T1', channels: 'C2', people: 'U1' }, 'channel'],
    [{ direct: 'off' }, undefined],
  ])('in a channel, %o: %s', (lists, expected) => {
    expect(access(lists).denialOf(inChannel, ann)).toBe(expected);
  });

  it.each([
    [{}, undefined],
    [{ direct: 'everyone' }, undefined],
    [{ direct: 'off' }, 'direct'],
    [{ workspaces: 'T2' }, 'workspace'],
    [{ channels: 'C1' }, undefined],
    [{ channels: '-C1' }, undefined],
    [{ channels: '-D1' }, 'channel'],
    [{ people: 'U2' }, 'person'],
    [{ roles: 'R1' }, undefined],
  ])('in private, %o: %s', (lists, expected) => {
    expect(access(lists).denialOf(inPrivate, ann)).toBe(expected);
  });

  it.each([
    [{ people: 'U1', roles: 'R1' }, undefined],
    [{ people: '-U9' }, 'person'],
    [{ people: '-B9' }, 'person'],
    [{ channels: 'C2' }, 'channel'],
  ])('for a bot, which only what is denied concerns, %o: %s', (lists, expected) => {
    expect(access(lists).denialOf(inChannel, robot)).toBe(expected);
  });

  it('has nobody pass by a role where it is not known which they have', () => {
    expect(access({ roles: 'R1' }).denialOf(inChannel, { ids: ['U1'] })).toBe('person');
    expect(access({ roles: '-R1' }).denialOf(inChannel, { ids: ['U1'] })).toBeUndefined();
  });

  it.each([
    [{}, ann, false],
    [{ people: 'U2' }, ann, false],
    [{ roles: 'R1' }, ann, true],
    [{ roles: 'R1', people: 'U1' }, ann, false],
    [{ roles: 'R1 -R2', people: 'U1' }, ann, true],
    [{ roles: '-R2', people: '-U1' }, ann, false],
    [{ roles: 'R1' }, robot, false],
    [{ roles: '-R1' }, robot, true],
  ])('with %o, asks for roles only where they matter', (lists, speaker, expected) => {
    expect(access(lists).dependsOnRoles(speaker)).toBe(expected);
  });

  it('tells what it names', () => {
    const { listsChannels, listsWorkspaces, roles } = access({ roles: 'R1 -R2', channels: '-C1' });
    expect({ namesChannels: listsChannels, namesWorkspaces: listsWorkspaces, roles }).toEqual({
      namesChannels: true,
      namesWorkspaces: false,
      roles: ['R1', 'R2'],
    });
    expect(access({ workspaces: 'T1' }).listsWorkspaces).toBe(true);
    // To deny one server is no word on what is in none.
    expect(access({ workspaces: '-T1' }).listsWorkspaces).toBe(false);
    expect(access({ channels: 'C1' }).listsChannels).toBe(true);
    expect(access({}).listsChannels).toBe(false);
  });
});

const hourMs = 60 * 60_000;

/** A store's roles, which instances share. */
function sharedRoles() {
  const holders = new Map<string, { owner: string; until: number }>();
  const held: string[] = [];
  return {
    held,
    shared: true,
    async acquireLeadership(role: string, { owner, leaseMs }: Lease): Promise<boolean> {
      const holder = holders.get(role);
      held.push(role);
      if (holder !== undefined && holder.owner !== owner && holder.until > Date.now()) return false;
      holders.set(role, { owner, until: Date.now() + leaseMs });
      return true;
    },
  };
}

function instance(store: Pick<ReturnType<typeof sharedRoles>, 'shared' | 'acquireLeadership'>) {
  const log = recordingLog();
  return { log, turnedAway: new RefusalNotices({ platform: 'slack', store, log }) };
}

describe('who is turned away', () => {
  beforeEach(() => {
    vi.useFakeTimers();
    // The cache takes 0 for no time at all.
    vi.advanceTimersByTime(1);
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  it('is told once an hour, by whichever instance, also after a restart', async () => {
    const store = sharedRoles();
    const [one, two] = [instance(store), instance(store)];
    expect(await one.turnedAway.shouldNotify('T1:U1', Date.now())).toBe(true);
    expect(await one.turnedAway.shouldNotify('T1:U1', Date.now())).toBe(false);
    expect(await two.turnedAway.shouldNotify('T1:U1', Date.now())).toBe(false);
    expect(await instance(store).turnedAway.shouldNotify('T1:U1', Date.now())).toBe(false);
    expect(await two.turnedAway.shouldNotify('T1:U2', Date.now())).toBe(true);
    expect(new Set(store.held)).toEqual(new Set(['told:slack:T1:U1', 'told:slack:T1:U2']));
    vi.advanceTimersByTime(hourMs - 1);
    expect(await one.turnedAway.shouldNotify('T1:U1', Date.now())).toBe(false);
    vi.advanceTimersByTime(2);
    expect(await two.turnedAway.shouldNotify('T1:U1', Date.now())).toBe(true);
    expect(await one.turnedAway.shouldNotify('T1:U1', Date.now())).toBe(false);
  });

  it('is told once an hour by an instance that is alone, which asks no store', async () => {
    const store = { ...sharedRoles(), shared: false };
    const { turnedAway } = instance(store);
    expect(await turnedAway.shouldNotify('T1:U1', Date.now())).toBe(true);
    expect(await turnedAway.shouldNotify('T1:U1', Date.now())).toBe(false);
    vi.advanceTimersByTime(hourMs + 1);
    expect(await turnedAway.shouldNotify('T1:U1', Date.now())).toBe(true);
    expect(store.held).toEqual([]);
  });

  it('is not told anew of what is read again', async () => {
    const store = sharedRoles();
    const before = Date.now();
    const [one, alone] = [instance(store), instance({ ...store, shared: false })];
    // Written before it began: whoever was there then told them.
    expect(await alone.turnedAway.shouldNotify('T1:U1', before - 1)).toBe(false);
    expect(await alone.turnedAway.shouldNotify('T1:U1', before)).toBe(true);
    // Where others share what was told, it may have been written while nobody heard.
    expect(await one.turnedAway.shouldNotify('T1:U1', before - 1)).toBe(true);
    vi.advanceTimersByTime(2 * hourMs);
    for (const { turnedAway } of [one, alone]) {
      expect(await turnedAway.shouldNotify('T1:U1', Date.now() - hourMs - 1)).toBe(false);
      expect(await turnedAway.shouldNotify('T1:U1', Date.now() - hourMs)).toBe(true);
    }
  });

  it('is to be told later if the store was away', async () => {
    const store = sharedRoles();
    const away = new Error('away');
    let isAway = true;
    const acquireLeadership = (role: string, lease: Lease): Promise<boolean> =>
      isAway ? Promise.reject(away) : store.acquireLeadership(role, lease);
    const { turnedAway } = instance({ shared: true, acquireLeadership });
    await expect(turnedAway.shouldNotify('T1:U1', Date.now())).rejects.toBe(away);
    isAway = false;
    expect(await turnedAway.shouldNotify('T1:U1', Date.now())).toBe(true);
  });

  it('is logged once an hour, by ids', () => {
    const { turnedAway, log } = instance(sharedRoles());
    turnedAway.log('T1:U1', { why: 'person', channel: 'C1' });
    turnedAway.log('T1:U1', { why: 'channel', channel: 'C2' });
    turnedAway.log('T1:U2', { why: 'channel', channel: 'C2' });
    vi.advanceTimersByTime(hourMs + 1);
    turnedAway.log('T1:U1', { why: 'channel', channel: 'C2' });
    expect(log.events.map(({ level, event }) => `${level}: ${event}`)).toEqual(
      Array(3).fill('info: access denied'),
    );
    expect(log.events.map(({ fields }) => fields)).toEqual([
      { platform: 'slack', person: 'T1:U1', why: 'person', channel: 'C1' },
      { platform: 'slack', person: 'T1:U2', why: 'channel', channel: 'C2' },
      { platform: 'slack', person: 'T1:U1', why: 'channel', channel: 'C2' },
    ]);
  });
});

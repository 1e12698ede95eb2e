import { describe, expect, it } from 'vitest';
import {
  Access,
  type AccessLists,
  type Sender,
  type MessageOrigin,
} from '../../../../src/core/intake/access.ts';

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

import { describe, expect, it } from 'vitest';
import {
  directConversation,
  locationOf,
  rootedConversation,
} from '../../../../../src/platforms/discord/messages/conversation-location.ts';
import {
  idAt,
  isSnowflake,
  justBefore,
  timeOf,
} from '../../../../../src/platforms/discord/api/snowflake.ts';
import { compareIds } from '../../../../../src/platforms/common/read-positions.ts';
import { threadName } from '../../../../../src/platforms/discord/messages/discord-text.ts';

describe('an id', () => {
  it('tells its time', () => {
    expect(timeOf('175928847299117063')).toBe(1_462_015_105_796);
    expect(idAt(1_462_015_105_796)).toBe('175928847298985984');
    expect(idAt(0)).toBe('0');
  });

  it('is sorted by age, however many digits it has', () => {
    const ids = ['1000000000000000000', '999999999999999999', '', '175928847299117063'];
    expect(ids.toSorted(compareIds)).toEqual([
      '',
      '175928847299117063',
      '999999999999999999',
      '1000000000000000000',
    ]);
    expect(justBefore('1000000000000000000')).toBe('999999999999999999');
  });

  it('is known by its digits', () => {
    expect(isSnowflake('175928847299117063')).toBe(true);
    for (const other of ['', '12', 'x'.repeat(18), 175928847299117, null]) {
      expect(isSnowflake(other)).toBe(false);
    }
  });
});

describe('a place', () => {
  it('is what its conversation’s id says', () => {
    expect(locationOf(directConversation('7'))).toEqual({ channel: '7' });
    expect(locationOf(rootedConversation('1', '2', '3'))).toEqual({
      guild: '1',
      channel: '2',
      root: '3',
    });
  });
});

describe('a thread’s name', () => {
  it.each([
    ['what is a **fugue**?', 'what is a fugue?'],
    ['## Why `x` > 3 in C#?\nmore', 'Why x > 3 in C#?'],
    ['my_var and _his_ and __hers__', 'my_var and his and hers'],
    ['~~no~~ ||secret||\tyes', 'no secret yes'],
    ['@everyone and @here', 'everyone and here'],
    ['\u200b\u202e  ', 'Question'],
    ['***', 'Question'],
    ['\u3164 \u2800', 'Question'],
    ['(mentions you without a word)', 'Question'],
    ['- a point', 'a point'],
    ['-5 or 5?', '-5 or 5?'],
    ['x'.repeat(100), 'x'.repeat(100)],
    ['x'.repeat(101), `${'x'.repeat(80)}…`],
    ['😀'.repeat(101), `${'😀'.repeat(80)}…`],
  ])('of %j is %j', (question, name) => {
    expect(threadName(question)).toBe(name);
  });

  it('is found in one go, however many marks the question has in its middle', () => {
    expect(threadName(`a${'_'.repeat(200_000)}b`)).toBe(`a${'_'.repeat(79)}…`);
  });
});

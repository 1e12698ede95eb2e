import { describe, expect, it } from 'vitest';
import { threadName } from '../../../../../src/platforms/discord/messages/discord-text.ts';

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

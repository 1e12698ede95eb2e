import { describe, expect, it } from 'vitest';
import type { Participation } from '../../../../src/core/ports/store.ts';
import {
  classifyMessage,
  dependsOnParticipation,
  type MessageTraits,
} from '../../../../src/platforms/common/classify-message.ts';

const chat: MessageTraits = {
  isDirect: false,
  mentionsBot: false,
  mentionsOthers: false,
  inThread: false,
  mayAsk: true,
};
const openedByAda: Participation = { opened: true, people: ['ada'] };
const joinedForAda: Participation = { opened: false, people: ['ada'] };

/** What becomes of a message of Ben's. */
function classify(
  traits: Partial<MessageTraits>,
  participation?: Participation,
  followUps: 'auto' | 'always' | 'mention' = 'auto',
): string {
  const known = { author: 'ben', followUps, participation };
  return classifyMessage({ ...chat, ...traits }, known) ?? 'ignored';
}

describe('a message is', () => {
  it('a question wherever it addresses the bot, in every mode', () => {
    for (const followUps of ['auto', 'always', 'mention'] as const) {
      for (const participation of [undefined, openedByAda, joinedForAda]) {
        expect(classify({ isDirect: true }, participation, followUps)).toBe('question');
        expect(classify({ mentionsBot: true }, participation, followUps)).toBe('question');
        const amongOthers = { mentionsBot: true, mentionsOthers: true, inThread: true };
        expect(classify(amongOthers, participation, followUps)).toBe('question');
      }
    }
  });

  it('ignored in channels, and in threads without the bot', () => {
    expect(classify({}, openedByAda, 'always')).toBe('ignored');
    expect(classify({ inThread: true }, undefined, 'always')).toBe('ignored');
  });

  it('context in a thread with the bot where it addresses others', () => {
    const toOthers = { inThread: true, mentionsOthers: true };
    expect(classify(toOthers, openedByAda, 'always')).toBe('context');
  });

  it.each([
    ['auto', openedByAda, 'question'],
    ['auto', { opened: false, people: ['ada', 'ben'] }, 'question'],
    ['auto', joinedForAda, 'context'],
    ['always', joinedForAda, 'question'],
    ['mention', openedByAda, 'context'],
  ] as const)('in a thread with the bot, %s, %o: %s', (followUps, participation, expected) => {
    expect(classify({ inThread: true }, participation, followUps)).toBe(expected);
  });

  it('of a bot that is not listed: context where the bot takes part, else ignored', () => {
    for (const traits of [{ inThread: true }, { mentionsBot: true, inThread: true }]) {
      expect(classify({ ...traits, mayAsk: false }, openedByAda, 'always')).toBe('context');
      expect(classify({ ...traits, mayAsk: false }, undefined, 'always')).toBe('ignored');
    }
  });
});

it('looks up the participation only where the decision depends on it', () => {
  const booleans = [false, true];
  for (const isDirect of booleans)
    for (const mentionsBot of booleans)
      for (const mentionsOthers of booleans)
        for (const inThread of booleans)
          for (const mayAsk of booleans) {
            const traits = { isDirect, mentionsBot, mentionsOthers, inThread, mayAsk };
            if (dependsOnParticipation(traits)) continue;
            expect(classify(traits, openedByAda, 'always')).toBe(
              classify(traits, undefined, 'always'),
            );
          }
});

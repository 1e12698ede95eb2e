import { describe, expect, it } from 'vitest';
import type { Participation } from '../../../../../src/core/ports/store.ts';
import type { FollowUpPolicy } from '../../../../../src/core/intake/access.ts';
import {
  isOutsider,
  classify,
} from '../../../../../src/platforms/slack/receive/classify-message.ts';
import { saidInFixture, self } from '../fixtures.ts';

const opened: Participation = { opened: true, people: ['T024BE7LD:U061F7AUR'] };
const calledByBen: Participation = { opened: false, people: ['T024BE7LD:U2147483697'] };
const calledByAnn: Participation = { opened: false, people: ['T024BE7LD:U061F7AUR'] };

/** What becomes of a fixture's message. */
function fate(
  name: string,
  participation?: Participation,
  followups: FollowUpPolicy = 'auto',
): string {
  return classify(saidInFixture(name), self, followups, participation) ?? 'left alone';
}

describe('what is meant for the bot', () => {
  it.each(['app-mention', 'message-of-mention', 'direct-message', 'direct-thread'])(
    '%s is a question, whatever the mode',
    (name) => {
      for (const followups of ['auto', 'always', 'mention'] as const) {
        expect(fate(name, undefined, followups)).toBe('question');
      }
    },
  );

  it.each(['file-share', 'group-direct-message'])('%s with a mention is one, too', (name) => {
    expect(fate(name)).toBe('question');
  });

  it('is nothing in a thread without the bot', () => {
    expect(fate('thread-reply', undefined, 'always')).toBe('left alone');
    expect(fate('other-bot', undefined, 'always')).toBe('left alone');
  });

  it.each([
    ['auto', opened, 'question'],
    ['auto', calledByBen, 'question'],
    ['auto', calledByAnn, 'context'],
    ['always', calledByAnn, 'question'],
    ['mention', opened, 'context'],
  ] as const)('a reply of Ben’s, %s, %o: %s', (followups, participation, expected) => {
    expect(fate('thread-reply', participation, followups)).toBe(expected);
  });

  it.each(['<@U061F7AUR> and you?', '<!subteam^S1|@editors> please', '<!here> look'])(
    'is context when it calls somebody else: %s',
    (text) => {
      const said = { ...saidInFixture('thread-reply'), text };
      expect(classify(said, self, 'always', opened)).toBe('context');
      const both = { ...said, text: `<@U0LAN0Z89> ${text}` };
      expect(classify(both, self, 'always', opened)).toBe('question');
    },
  );

  it('keeps what other bots say as context, and nothing of its own', () => {
    expect(fate('other-bot', opened)).toBe('context');
    expect(fate('own-message', opened, 'always')).toBe('left alone');
  });
});

describe('people of other organisations', () => {
  const stranger = saidInFixture('shared-channel');
  const { team: _, ...unknown } = stranger;

  it('are told by their workspace', () => {
    expect(isOutsider(stranger, self)).toBe(true);
    expect(isOutsider(saidInFixture('app-mention'), self)).toBe(false);
  });

  it('are no others in the same organisation', () => {
    expect(isOutsider(stranger, { ...self, enterprise: 'T0PARTNER' })).toBe(false);
    expect(isOutsider({ ...stranger, shared: false }, self)).toBe(false);
  });

  it('may be, in an organisation of several workspaces, where what is read later tells less', () => {
    const { shared: __, ...readLater } = stranger;
    expect(isOutsider(readLater, self)).toBe(true);
    expect(isOutsider(readLater, { ...self, enterprise: 'E1' })).toBeUndefined();
    expect(isOutsider({ ...readLater, shared: true }, { ...self, enterprise: 'E1' })).toBe(true);
  });

  it('may be, where Slack does not say in a shared channel', () => {
    expect(isOutsider(unknown, self)).toBeUndefined();
    expect(isOutsider({ ...unknown, shared: false }, self)).toBe(false);
  });
});

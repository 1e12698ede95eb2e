import { describe, expect, it } from 'vitest';
import type { Followups } from '../../../../../src/core/intake/access.ts';
import type { Participation } from '../../../../../src/core/ports/store.ts';
import { meant, mentions } from '../../../../../src/platforms/discord/receive/classify-message.ts';
import { ann, ben, saidInFixture, self } from '../fixtures.ts';

const opened: Participation = { opened: true, people: [ann] };
const calledByBen: Participation = { opened: false, people: [ben] };
const calledByAnn: Participation = { opened: false, people: [ann] };

/** What becomes of a fixture's message in a thread. */
function fate(name: string, participation?: Participation, followups: Followups = 'auto'): string {
  return meant(saidInFixture(name), self, followups, participation) ?? 'left alone';
}

describe('what is meant for the bot', () => {
  it.each(['mention', 'reply-to-bot', 'direct-message', 'files'])(
    '%s is a question, whatever the mode',
    (name) => {
      for (const followups of ['auto', 'always', 'mention'] as const) {
        expect(fate(name, undefined, followups)).toBe('question');
      }
    },
  );

  it.each(['thread-message', 'everyone', 'role', 'code', 'forward', 'reply-to-person'])(
    '%s is nothing where the bot takes no part',
    (name) => expect(fate(name, undefined, 'always')).toBe('left alone'),
  );

  it.each(['other-bot', 'webhook'])('%s is nothing anywhere', (name) => {
    expect(fate(name, opened, 'always')).toBe('left alone');
  });

  it.each([
    ['auto', opened, 'question'],
    ['auto', calledByBen, 'question'],
    ['auto', calledByAnn, 'context'],
    ['always', calledByAnn, 'question'],
    ['mention', opened, 'context'],
  ] as const)('a message of Ben’s, %s, %o: %s', (followups, participation, expected) => {
    expect(fate('thread-message', participation, followups)).toBe(expected);
  });

  it.each(['everyone', 'role', 'reply-to-person', 'reply-to-deleted'])(
    'is context when it calls somebody else: %s',
    (name) => expect(fate(name, opened, 'always')).toBe('context'),
  );

  it('is no mention where Discord rings no bell: in code, passed on, in a reply’s ping', () => {
    for (const name of ['code', 'forward', 'reply-to-bot']) {
      expect(mentions(saidInFixture(name), self)).toBe(false);
    }
    expect(mentions(saidInFixture('mention'), self)).toBe(true);
  });

  it('calls nobody else in code, in what is passed on, and where nobody knows whom', () => {
    const talk = saidInFixture('thread-message');
    const others = [
      { text: `what is \`<@${ann}>\` and \`\`\`\n<@${ann}>\n\`\`\` here?` },
      { forwarded: [`<@${ann}> did you see?`] },
      { repliesTo: { id: '1300000000000000099' } },
      { roles: [...self.roles] },
    ];
    for (const change of others) {
      expect(meant({ ...talk, ...change }, self, 'auto', opened)).toBe('question');
    }
    const open = `\`\`unclosed <@${ann}>`;
    expect(meant({ ...talk, text: open }, self, 'auto', opened)).toBe('context');
  });

  it('is a mention when it calls the role that is the bot’s alone, but for code', () => {
    const [role = ''] = self.roles;
    const said = { ...saidInFixture('thread-message'), roles: [role] };
    expect(mentions({ ...said, text: `<@&${role}> hello?` }, self)).toBe(true);
    expect(mentions({ ...said, text: `\`<@&${role}>\` is what?` }, self)).toBe(false);
    expect(mentions({ ...said, text: '<@&1100000000000000077> hello?' }, self)).toBe(false);
  });

  it('is a question when it mentions the bot among others', () => {
    const said = saidInFixture('mention');
    const text = `<@${ben}> and <@!${self.id}>, what do you say?`;
    expect(meant({ ...said, text }, self, 'mention', undefined)).toBe('question');
  });
});

import { describe, expect, it } from 'vitest';
import type { FollowUpPolicy } from '../../../../../src/core/intake/access.ts';
import type { Participation } from '../../../../../src/core/ports/store.ts';
import {
  classify,
  mentionsBot,
} from '../../../../../src/platforms/discord/receive/classify-message.ts';
import { ann, ben, messageInFixture, bot } from '../fixtures.ts';

const opened: Participation = { opened: true, people: [ann] };
const calledByBen: Participation = { opened: false, people: [ben] };
const calledByAnn: Participation = { opened: false, people: [ann] };

/** What becomes of a fixture's message in a thread. */
function fate(
  name: string,
  participation?: Participation,
  followups: FollowUpPolicy = 'auto',
): string {
  return classify(messageInFixture(name), bot, followups, participation) ?? 'left alone';
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
      expect(mentionsBot(messageInFixture(name), bot)).toBe(false);
    }
    expect(mentionsBot(messageInFixture('mention'), bot)).toBe(true);
  });

  it('calls nobody else in code, in what is passed on, and where nobody knows whom', () => {
    const talk = messageInFixture('thread-message');
    const others = [
      { text: `what is \`<@${ann}>\` and \`\`\`\n<@${ann}>\n\`\`\` here?` },
      { forwarded: [`<@${ann}> did you see?`] },
      { repliesTo: { id: '1300000000000000099' } },
      { roles: [...bot.roles] },
    ];
    for (const change of others) {
      expect(classify({ ...talk, ...change }, bot, 'auto', opened)).toBe('question');
    }
    const open = `\`\`unclosed <@${ann}>`;
    expect(classify({ ...talk, text: open }, bot, 'auto', opened)).toBe('context');
  });

  it('is a mention when it calls the role that is the bot’s alone, but for code', () => {
    const [role = ''] = bot.roles;
    const said = { ...messageInFixture('thread-message'), roles: [role] };
    expect(mentionsBot({ ...said, text: `<@&${role}> hello?` }, bot)).toBe(true);
    expect(mentionsBot({ ...said, text: `\`<@&${role}>\` is what?` }, bot)).toBe(false);
    expect(mentionsBot({ ...said, text: '<@&1100000000000000077> hello?' }, bot)).toBe(false);
  });

  it('is a question when it mentions the bot among others', () => {
    const said = messageInFixture('mention');
    const text = `<@${ben}> and <@!${bot.id}>, what do you say?`;
    expect(classify({ ...said, text }, bot, 'mention', undefined)).toBe('question');
  });
});

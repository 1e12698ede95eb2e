import { describe, expect, it } from 'vitest';
import type { SlackMessage } from '../../../../../src/platforms/slack/messages/slack-message.ts';
import {
  isOutsider,
  traitsOf,
} from '../../../../../src/platforms/slack/messages/normalize-message.ts';
import { bot, messageInFixture } from '../fixtures.ts';

describe('traits of a message', () => {
  it.each([
    ['app-mention', ['mentionsBot', 'mayAsk']],
    ['message-of-mention', ['mentionsBot', 'mayAsk']],
    ['file-share', ['mentionsBot', 'mayAsk']],
    ['group-direct-message', ['mentionsBot', 'mayAsk']],
    ['direct-message', ['isDirect', 'mayAsk']],
    ['direct-thread', ['isDirect', 'inThread', 'mayAsk']],
    ['thread-reply', ['inThread', 'mayAsk']],
    ['other-bot', ['inThread']],
    ['own-message', ['inThread']],
  ])('%s: %o', (name, traits) => {
    expect(traitsIn(messageInFixture(name))).toEqual(traits);
  });

  it.each(['<@U061F7AUR> and you?', '<!subteam^S1|@editors> please', '<!here> look'])(
    'addressed to others: %s',
    (text) => {
      const message = { ...messageInFixture('thread-reply'), text };
      expect(traitsIn(message)).toContain('mentionsOthers');
    },
  );

  it('a mention that the text does not show is one, and a listed bot may ask', () => {
    const { isAppMention: _, ...message } = messageInFixture('thread-reply');
    expect(traitsIn({ ...message, isAppMention: true })).toContain('mentionsBot');
    const other = messageInFixture('other-bot');
    const listed = traitsOf(other, bot, new Set([other.botAuthor?.id ?? 'none']));
    expect(listed.mayAsk).toBe(true);
  });
});

function traitsIn(message: SlackMessage): string[] {
  return Object.entries(traitsOf(message, bot)).flatMap(([name, is]) => (is ? [name] : []));
}

describe('people of other organisations', () => {
  const stranger = messageInFixture('shared-channel');
  const { team: _, ...unknown } = stranger;

  it('are told by their workspace', () => {
    expect(isOutsider(stranger, bot)).toBe(true);
    expect(isOutsider(messageInFixture('app-mention'), bot)).toBe(false);
  });

  it('are no others in the same organisation', () => {
    expect(isOutsider(stranger, { ...bot, enterprise: 'T0PARTNER' })).toBe(false);
    expect(isOutsider({ ...stranger, shared: false }, bot)).toBe(false);
  });

  it('may be, in an organisation of several workspaces, where what is read later tells less', () => {
    const { shared: __, ...readLater } = stranger;
    expect(isOutsider(readLater, bot)).toBe(true);
    expect(isOutsider(readLater, { ...bot, enterprise: 'E1' })).toBeUndefined();
    expect(isOutsider({ ...readLater, shared: true }, { ...bot, enterprise: 'E1' })).toBe(true);
  });

  it('may be, where Slack does not say in a shared channel', () => {
    expect(isOutsider(unknown, bot)).toBeUndefined();
    expect(isOutsider({ ...unknown, shared: false }, bot)).toBe(false);
  });
});

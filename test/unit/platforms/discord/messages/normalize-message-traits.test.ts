import { describe, expect, it } from 'vitest';
import {
  mentionsBot,
  traitsOf,
} from '../../../../../src/platforms/discord/messages/normalize-message.ts';
import type { DiscordMessage } from '../../../../../src/platforms/discord/messages/discord-message.ts';
import { ann, ben, bot, messageInFixture } from '../fixtures.ts';

function traitsIn(message: DiscordMessage): string[] {
  const traits = traitsOf(message, bot, false);
  return Object.entries(traits).flatMap(([name, is]) => (is ? [name] : []));
}

describe('traits of a message', () => {
  it.each([
    ['mention', ['mentionsBot', 'mentionsOthers', 'mayAsk']],
    ['reply-to-bot', ['mentionsBot', 'mentionsOthers', 'mayAsk']],
    ['direct-message', ['isDirect', 'mayAsk']],
    ['thread-message', ['mayAsk']],
    ['code', ['mayAsk']],
    ['forward', ['mayAsk']],
    ['everyone', ['mentionsOthers', 'mayAsk']],
    ['role', ['mentionsOthers', 'mayAsk']],
    ['reply-to-person', ['mentionsOthers', 'mayAsk']],
    ['reply-to-deleted', ['mentionsOthers', 'mayAsk']],
    ['other-bot', ['mentionsBot', 'mentionsOthers']],
    ['webhook', ['mentionsBot', 'mentionsOthers']],
  ])('%s: %o', (name, traits) => {
    expect(traitsIn(messageInFixture(name))).toEqual(traits);
  });

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
      expect(traitsIn({ ...talk, ...change })).not.toContain('mentionsOthers');
    }
    const open = `\`\`unclosed <@${ann}>`;
    expect(traitsIn({ ...talk, text: open })).toContain('mentionsOthers');
  });

  it('is a mention when it calls the role that is the bot’s alone, but for code', () => {
    const [role = ''] = bot.roles;
    const said = { ...messageInFixture('thread-message'), roles: [role] };
    expect(mentionsBot({ ...said, text: `<@&${role}> hello?` }, bot)).toBe(true);
    expect(mentionsBot({ ...said, text: `\`<@&${role}>\` is what?` }, bot)).toBe(false);
    expect(mentionsBot({ ...said, text: '<@&1100000000000000077> hello?' }, bot)).toBe(false);
  });

  it('addresses the bot when it mentions it among others', () => {
    const said = messageInFixture('mention');
    const text = `<@${ben}> and <@!${bot.id}>, what do you say?`;
    expect(traitsIn({ ...said, text })).toContain('mentionsBot');
  });
});

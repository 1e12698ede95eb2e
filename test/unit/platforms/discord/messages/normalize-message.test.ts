import { describe, expect, it } from 'vitest';
import { rootedConversation } from '../../../../../src/platforms/discord/messages/conversation-location.ts';
import {
  messageText,
  normalizeMessage,
} from '../../../../../src/platforms/discord/messages/normalize-message.ts';
import { ann, channel, guild, messageInFixture, bot } from '../fixtures.ts';

const editors = '1100000000000000070';
const names = {
  channel: (id: string) => (id === channel ? 'general' : undefined),
  role: (id: string) => (id === editors ? 'editors' : undefined),
};

/** How a text of Discord's reads to the model. */
function read(text: string): string {
  const mentioned = [{ id: ann, name: 'Ann', bot: false }];
  return messageText({ ...messageInFixture('mention'), text, mentions: mentioned }, bot, names);
}

const textOf = (name: string) => messageText(messageInFixture(name), bot, names);

describe('a message', () => {
  it('is what the core takes in', () => {
    const said = messageInFixture('mention');
    const conversation = rootedConversation(guild, channel, said.id);
    const world = { bot, names, opens: true };
    expect(normalizeMessage(said, 'question', conversation, world)).toEqual({
      id: said.id,
      conversation: `discord:${guild}:${channel}:${said.id}`,
      author: { id: ann, name: 'Ann of the North' },
      text: 'what is a fugue?',
      sentAt: 1_730_014_552_832,
      kind: 'question',
      opens: true,
    });
    expect(normalizeMessage(said, 'context', conversation, world)).not.toHaveProperty('opens');
  });
});

describe('a text', () => {
  it.each([
    [`ask <@${ann}>, <@!${ann}> or <@1000000000000000009>`, 'ask @Ann, @Ann or @someone'],
    [`in <#${channel}> or <#1100000000000000008>`, 'in #general or #channel'],
    ['<@&1100000000000000077> @here', '@role @here'],
    [`<@&${editors}>, please`, '@editors, please'],
    ['<:wave:1300000000000000801> <a:dance_2:1300000000000000802>', ':wave: :dance_2:'],
    ['</ask:1300000000000000803> </ask now:1300000000000000803>', '/ask /ask now'],
    ['at <t:1700000000> or <t:1700000000:R>', 'at 2023-11-14T22:13Z or 2023-11-14T22:13Z'],
    ['<t:9999999999999:R>', '<t:9999999999999:R>'],
    ['a < b > c <https://a.example>', 'a < b > c <https://a.example>'],
    ['<@12> <@x> <#> <:no:>', '<@12> <@x> <#> <:no:>'],
  ])('%s reads %s', (text, expected) => {
    expect(read(text)).toBe(expected);
  });

  it.each([
    [`<@${bot.id}> stop`, 'stop'],
    [`<@!${bot.id}>: stop`, 'stop'],
    [`stop <@${bot.id}>`, 'stop'],
    [`<@&${[...bot.roles].join('')}> stop`, 'stop'],
    [`<@${bot.id}> <@${bot.id}>, what does <@${bot.id}> mean?`, 'what does @Parley mean?'],
  ])('%s reads %s, without the bell', (text, expected) => {
    expect(read(text)).toBe(expected);
  });

  it('of 4,000 blanks, or of nothing but mentions, takes no time to read', () => {
    expect(read(`${' '.repeat(3_998)}.`)).toBe('.');
    expect(read(`x${`<@${bot.id}> `.repeat(180)}x`)).toContain('@Parley');
    expect(read('` `` '.repeat(800))).toContain('``');
  });

  // A pattern that tries everything takes minutes for these, and the test ends before.
  it.each([
    [' ', 200_000],
    [', ', 100_000],
    ['` ', 500_000],
  ])('of any length is read in one go, with %j in its middle', (part, times) => {
    const long = `x${part.repeat(times)}x`;
    expect(read(`<@${bot.id}> ${long}`)).toBe(long);
  });

  it('may call the role that is the bot’s alone many times, in its middle', () => {
    const call = `<@&${[...bot.roles].join('')}> `;
    expect(read(`${call}x${call.repeat(9)}x`)).toBe(`x${'@role '.repeat(9)}x`);
  });

  it('says so when there is nothing but the mention', () => {
    const said = { ...messageInFixture('mention'), text: `<@${bot.id}> ` };
    expect(messageText(said, bot, names)).toBe('(mentions you without a word)');
    const reply = { ...said, repliesTo: { id: '1300000000000000099' } };
    expect(messageText(reply, bot, names)).toContain('what was said above');
  });

  it('names files and stickers, and what is passed on', () => {
    expect(textOf('files')).toBe('read this\n[file: plan.pdf]\n[sticker: Wave]');
    expect(textOf('forward')).toBe(
      '[forwarded] @Parley the *minutes* of #general\n[file: minutes.txt]',
    );
  });
});

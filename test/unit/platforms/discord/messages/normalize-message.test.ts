import { describe, expect, it } from 'vitest';
import { rootedConversation } from '../../../../../src/platforms/discord/messages/conversation-location.ts';
import {
  textFor,
  toMessage,
} from '../../../../../src/platforms/discord/messages/normalize-message.ts';
import { ann, channel, guild, saidInFixture, self } from '../fixtures.ts';

const editors = '1100000000000000070';
const names = {
  channel: (id: string) => (id === channel ? 'general' : undefined),
  role: (id: string) => (id === editors ? 'editors' : undefined),
};

/** How a text of Discord's reads to the model. */
function read(text: string): string {
  const mentioned = [{ id: ann, name: 'Ann', bot: false }];
  return textFor({ ...saidInFixture('mention'), text, mentions: mentioned }, self, names);
}

const textOf = (name: string) => textFor(saidInFixture(name), self, names);

describe('a message', () => {
  it('is what the core takes in', () => {
    const said = saidInFixture('mention');
    const conversation = rootedConversation(guild, channel, said.id);
    const world = { self, names, opens: true };
    expect(toMessage(said, 'question', conversation, world)).toEqual({
      id: said.id,
      conversation: `discord:${guild}:${channel}:${said.id}`,
      author: { id: ann, name: 'Ann of the North' },
      text: 'what is a fugue?',
      sentAt: 1_730_014_552_832,
      kind: 'question',
      opens: true,
    });
    expect(toMessage(said, 'context', conversation, world)).not.toHaveProperty('opens');
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
    [`<@${self.id}> stop`, 'stop'],
    [`<@!${self.id}>: stop`, 'stop'],
    [`stop <@${self.id}>`, 'stop'],
    [`<@&${[...self.roles].join('')}> stop`, 'stop'],
    [`<@${self.id}> <@${self.id}>, what does <@${self.id}> mean?`, 'what does @Parley mean?'],
  ])('%s reads %s, without the bell', (text, expected) => {
    expect(read(text)).toBe(expected);
  });

  it('of 4,000 blanks, or of nothing but mentions, takes no time to read', () => {
    expect(read(`${' '.repeat(3_998)}.`)).toBe('.');
    expect(read(`x${`<@${self.id}> `.repeat(180)}x`)).toContain('@Parley');
    expect(read('` `` '.repeat(800))).toContain('``');
  });

  // A pattern that tries everything takes minutes for these, and the test ends before.
  it.each([
    [' ', 200_000],
    [', ', 100_000],
    ['` ', 500_000],
  ])('of any length is read in one go, with %j in its middle', (part, times) => {
    const long = `x${part.repeat(times)}x`;
    expect(read(`<@${self.id}> ${long}`)).toBe(long);
  });

  it('may call the role that is the bot’s alone many times, in its middle', () => {
    const call = `<@&${[...self.roles].join('')}> `;
    expect(read(`${call}x${call.repeat(9)}x`)).toBe(`x${'@role '.repeat(9)}x`);
  });

  it('says so when there is nothing but the mention', () => {
    const said = { ...saidInFixture('mention'), text: `<@${self.id}> ` };
    expect(textFor(said, self, names)).toBe('(mentions you without a word)');
    const reply = { ...said, repliesTo: { id: '1300000000000000099' } };
    expect(textFor(reply, self, names)).toContain('what was said above');
  });

  it('names files and stickers, and what is passed on', () => {
    expect(textOf('files')).toBe('read this\n[file: plan.pdf]\n[sticker: Wave]');
    expect(textOf('forward')).toBe(
      '[forwarded] @Parley the *minutes* of #general\n[file: minutes.txt]',
    );
  });
});

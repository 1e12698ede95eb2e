import { describe, expect, it } from 'vitest';
import {
  messageText,
  normalizeMessage,
} from '../../../../../src/platforms/slack/messages/normalize-message.ts';
import { bot, messageInFixture, names } from '../fixtures.ts';

const message = (name: string) =>
  normalizeMessage(messageInFixture(name), { kind: 'question', opens: true }, bot, names);

/** How a text of Slack's reads to the model. */
const read = (text: string) =>
  messageText({ ...messageInFixture('thread-reply'), text }, bot, names);

describe('a message', () => {
  it('is the same from both events of a mention', () => {
    expect(message('app-mention')).toEqual(message('message-of-mention'));
    expect(message('app-mention')).toEqual({
      id: '1780000000.000200',
      conversation: 'slack:T024BE7LD:C0LAN2Q65:1780000000.000200',
      author: { id: 'T024BE7LD:U061F7AUR', name: 'Ann' },
      text: 'what is a fugue?',
      sentAt: 1_780_000_000_000.2,
      kind: 'question',
      opens: true,
    });
  });

  it.each([
    ['thread-reply', 'slack:T024BE7LD:C0LAN2Q65:1780000000.000200'],
    ['thread-broadcast', 'slack:T024BE7LD:C0LAN2Q65:1780000000.000200'],
    ['direct-message', 'slack:T024BE7LD:D024BE91L'],
    ['direct-thread', 'slack:T024BE7LD:D024BE91L:1780000200.000400'],
    ['group-direct-message', 'slack:T024BE7LD:G024BE92M:1780000300.000500'],
    ['edit', 'slack:T024BE7LD:C0LAN2Q65:1780000000.000200'],
    ['deletion', 'slack:T024BE7LD:C0LAN2Q65:1780000000.000200'],
  ])('of %s is in %s', (name, conversation) => {
    expect(message(name).conversation).toBe(conversation);
  });

  it('opens its conversation as a question alone', () => {
    const as = { kind: 'context', opens: true } as const;
    const context = normalizeMessage(messageInFixture('app-mention'), as, bot, names);
    expect(context).not.toHaveProperty('opens');
  });
});

describe('a text', () => {
  it.each([
    ['hello &lt;there&gt; &amp; you', 'hello <there> & you'],
    ['&amp;lt; stays', '&lt; stays'],
    ['ask <@U061F7AUR> or <@U9|zoe> or <@U8>', 'ask @Ann or @zoe or @someone'],
    ['in <#C1|general> or <#C2>', 'in #general or #channel'],
    ['<!here> <!channel> <!subteam^S1|@editors> <!subteam^S2>', '@here @channel @editors @group'],
    ['<!date^1392734382^{date}|18 Feb 2014>', '18 Feb 2014'],
    ['see <https://a.example/x?a=1&amp;b=2>', 'see https://a.example/x?a=1&b=2'],
    ['see <https://a.example|the &amp; page>', 'see the & page (https://a.example)'],
    ['see <https://a.example|a.example>', 'see https://a.example'],
    ['write to <mailto:a@b.example|a@b.example>', 'write to a@b.example'],
    ['`a &lt; b &amp;&amp; c &gt; d`', '`a < b && c > d`'],
    ['a < b > c', 'a < b > c'],
  ])('%s reads %s', (text, expected) => {
    expect(read(text)).toBe(expected);
  });

  it.each([
    ['<@U0LAN0Z89> stop', 'stop'],
    ['<@U0LAN0Z89|parley>: stop', 'stop'],
    ['stop <@U0LAN0Z89>', 'stop'],
    ['<@U0LAN0Z89> <@U0LAN0Z89>, what does <@U0LAN0Z89> mean?', 'what does @Parley mean?'],
  ])('%s reads %s, without the mention', (text, expected) => {
    expect(read(text)).toBe(expected);
  });

  it('says so when there is nothing but the mention', () => {
    expect(read('<@U0LAN0Z89>')).toContain('what was said above');
    const alone = { ...messageInFixture('app-mention'), text: '<@U0LAN0Z89> ' };
    expect(messageText(alone, bot, names)).toBe('(mentions you without a word)');
  });

  it('names files', () => {
    expect(message('file-share').text).toBe('read this\n[file: plan.pdf]');
  });
});

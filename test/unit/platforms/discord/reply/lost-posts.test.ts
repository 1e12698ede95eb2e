import { expect, it } from 'vitest';
import { findPageAmong } from '../../../../../src/platforms/discord/reply/lost-posts.ts';

const own = (id: string, replyTo?: string, type = 0) => ({
  id,
  type,
  author: { id: 'bot' },
  ...(replyTo === undefined ? {} : { message_reference: { message_id: replyTo } }),
});

it('finds a page by its place among the bot’s messages behind the question', () => {
  const messages = [own('3'), { ...own('4'), author: { id: 'person' } }, own('5')];
  expect(findPageAmong(messages, { author: 'bot', replyTo: undefined, index: 1 })).toBe('5');
});

it('finds none where it is not certain which is which', () => {
  const messages = [own('3'), own('5')];
  expect(findPageAmong(messages, { author: 'bot', replyTo: undefined, index: 0 })).toBeUndefined();
  expect(findPageAmong(messages, { author: 'bot', replyTo: undefined, index: 2 })).toBeUndefined();
});

it('tells replies apart that are written in one channel, and sentences beside them', () => {
  const messages = [own('10', 'a', 19), own('9', 'b', 19), own('11'), own('12', 'a', 19)];
  expect(findPageAmong(messages, { author: 'bot', replyTo: 'b', index: 0 })).toBe('9');
  expect(findPageAmong(messages, { author: 'bot', replyTo: 'a', index: 1 })).toBe('12');
  expect(findPageAmong(messages, { author: 'bot', replyTo: undefined, index: 0 })).toBe('11');
});

it('takes no note of Discord’s own, such as "started a thread"', () => {
  const messages = [own('3', undefined, 18), own('4', undefined, 6), own('5')];
  expect(findPageAmong(messages, { author: 'bot', replyTo: undefined, index: 0 })).toBe('5');
});

import { setImmediate } from 'node:timers/promises';
import { describe, expect } from 'vitest';
import { askAndRead, type ItWithChats, until } from './contract-chats.ts';

/** A section of a long answer; no line of it is like another one. */
function section(at: number): string {
  const rows = Array.from({ length: 30 }, (_, row) => `| r${at}.${row} | ${'x'.repeat(row)} |`);
  const code = Array.from({ length: 30 }, (_, line) => `const v${at}_${line} = ${line};`);
  const words = Array.from({ length: 90 }, (_, word) => `w${at}.${word}`).join(' ');
  const table = ['| name | a longer head |', '| --- | --- |', ...rows];
  return [`##### Part ${at}`, '', words, '', ...table, '', '```js', ...code, '```', ''].join('\n');
}

/** Calls of the platform that fail, and answers that take many of them. */
export function failedCalls(it: ItWithChats): void {
  describe('a reply', () => {
    it.for(['rate-limited', 'server-error', 'reset', 'lost-response'] as const)(
      'is whole, and there once, though calls fail: %s',
      async (fault, { chats }) => {
        const chat = await chats.begin();
        chat.fail('post', fault, 'general');
        const { question, answer } = await askAndRead(chat, 'One');
        chat.fail('edit', fault, 'general');
        answer.write(' two three.').end();
        await chat.world.turnsDone(1, 20_000);
        expect(chat.answersTo(question)).toEqual(['One two three.']);
        expect(chat.answersInChannel('general')).toEqual([]);
      },
    );

    it('goes on after a call that hangs, and holds up nobody else meanwhile', async ({ chats }) => {
      const chat = await chats.begin();
      const { question, answer } = await askAndRead(chat, 'One');
      chat.fail('edit', 'hang', 'general');
      answer.write(' two');
      chat.world.answerEverything();
      const other = chat.ask('Ben', 'projects', 'quick');
      await until(() => chat.answersTo(other)[0] === 'Answer to: Ben: quick');
      expect(chat.answersTo(question)).toEqual(['One']);
      answer.write(' three.').end();
      await chat.world.turnsDone(2, 20_000);
      expect(chat.answersTo(question)).toEqual(['One two three.']);
    });

    it('in a channel that is rate limited waits, and none in another one', async ({ chats }) => {
      const chat = await chats.begin();
      const { world } = chat;
      world.answerEverything();
      chat.fail('post', 'rate-limited', 'general');
      const slow = chat.ask('Ann', 'general', 'slow');
      await until(() => world.logged('rate limited').length === 1);
      const quick = chat.ask('Ann', 'projects', 'quick');
      await until(() => chat.answersTo(quick).length === 1);
      expect(chat.answersTo(slow)).toEqual([]);
      await world.turnsDone(2);
      expect(chat.answersTo(slow)).toEqual(['Answer to: Ann: slow']);
    });

    it('of 30,000 characters with fences and tables is whole, in pages', async ({ chats }) => {
      const chat = await chats.begin();
      const sections = Array.from({ length: 16 }, (_, at) => section(at));
      const text = sections.join('\n');
      expect(text.length).toBeGreaterThan(30_000);
      const question = chat.ask('Ann', 'general', 'all of it, please');
      const answer = await chat.world.modelAsked(1);
      for (let at = 0; at < text.length; at += 40) {
        answer.write(text.slice(at, at + 40));
        if (at % 2_000 === 0) await setImmediate();
      }
      answer.end();
      await chat.world.turnsDone(1, 30_000);
      const pages = chat.answersTo(question);
      expect(pages.length).toBeGreaterThan(3);
      for (const page of pages) expect((page.match(/^```/gm) ?? []).length % 2).toBe(0);
      // Every word in its place, whatever stands between them.
      const read = (of: string) => of.match(/w\d+\.\d+|Part \d+|const v\d+_\d+|r\d+\.\d+/g);
      expect(read(pages.join('\n'))).toEqual(read(text));
      expect(chat.answersInChannel('general')).toEqual([]);
    });
  });
}

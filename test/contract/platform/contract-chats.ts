import { expect, it, vi } from 'vitest';
import type { ScriptedAnswer } from '../../fakes/scripted-model.ts';
import type { Chat, ChatHarness, ChatOptions, Sent, Thread } from './chat.ts';

interface Chats {
  /** A chat in which Parley runs. */
  begin(options?: ChatOptions): Promise<Chat>;
  /** A chat in which Parley does not run yet. */
  prepare(options?: ChatOptions): Promise<Chat>;
}

/** `it` for cases that run beside each other: their chats end with them. */
export function itWithChats(harness: ChatHarness) {
  return it.extend<{ chats: Chats }>({
    // oxlint-disable-next-line no-empty-pattern -- vitest reads from it what a fixture depends on
    chats: async ({}, use) => {
      const begun: Chat[] = [];
      const prepare = async (options: ChatOptions = {}): Promise<Chat> => {
        const chat = await harness.prepare(options);
        begun.push(chat);
        return chat;
      };
      await use({
        prepare,
        async begin(options) {
          const chat = await prepare(options);
          await chat.world.start();
          return chat;
        },
      });
      for (const { world } of begun) await world.end();
    },
  });
}

/** What a part of the contract adds its cases to. */
export type ItWithChats = ReturnType<typeof itWithChats>;

/** What the model was given with its latest request, without what a thread is called. */
export function prompt({ world }: Chat): string[] {
  const texts = world.model.answers.at(-1)?.request.messages.map(({ text }) => text) ?? [];
  return texts.filter((text) => !text.startsWith('[thread: '));
}

/** Resolves once so many questions wait there, reading so. */
export async function waiting(chat: Chat, thread: Thread, texts: string[]): Promise<void> {
  await vi.waitFor(
    async () => {
      const { queued } = await chat.world.store.conversationView(thread.conversation);
      expect(queued.map(({ text }) => text)).toEqual(texts);
    },
    { timeout: 10_000 },
  );
}

/** Resolves once these texts are kept there as context, behind each other. */
export async function kept(chat: Chat, thread: Thread, texts: string[]): Promise<void> {
  await vi.waitFor(
    async () => {
      const { history } = await chat.world.store.conversationView(thread.conversation);
      expect(history.map(({ text }) => text).slice(-texts.length)).toEqual(texts);
    },
    { timeout: 10_000 },
  );
}

/** Resolves once this is true. */
export async function until(what: () => boolean, timeoutMs = 10_000): Promise<void> {
  await vi.waitFor(() => expect(what()).toBe(true), { timeout: timeoutMs, interval: 5 });
}

/** The model's answer to the question that reads so, once it is asked. */
export async function modelAskedFor({ world }: Chat, question: string): Promise<ScriptedAnswer> {
  return vi.waitFor(
    () => {
      const answer = world.model.answers.find((one) => one.question === question);
      if (answer === undefined) throw new Error(`not asked: ${question}`);
      return answer;
    },
    { timeout: 10_000, interval: 5 },
  );
}

/** A question of Ann's, the model's answer to it, and its thread, where people read these words. */
export async function askAndRead(
  chat: Chat,
  words: string,
): Promise<{ question: Sent; answer: ScriptedAnswer; thread: Thread }> {
  const before = chat.world.model.answers.length;
  const question = chat.ask('Ann', 'general', 'go on');
  const answer = await chat.world.modelAsked(before + 1);
  answer.write(words);
  await until(() => chat.answersTo(question)[0] === words);
  return { question, answer, thread: await chat.threadOf(question) };
}

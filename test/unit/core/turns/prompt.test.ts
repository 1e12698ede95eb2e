import { describe, expect, it } from 'vitest';
import { conversationId } from '../../../../src/core/domain/conversation.ts';
import type { HistoryEntry } from '../../../../src/core/domain/turn.ts';
import type { Message } from '../../../../src/core/domain/message.ts';
import { countTokens, buildPrompt } from '../../../../src/core/turns/prompt.ts';
import { EventLoopYield } from '../../../../src/core/timing.ts';

function question(text: string, name?: string): Message {
  return {
    id: text,
    conversation: conversationId('web', 'c'),
    author: name === undefined ? { id: 'u' } : { id: 'u', name },
    text,
    sentAt: 0,
    kind: 'question',
  };
}

function turn(id: string, asked: string, answered: string, tokens = 10): HistoryEntry[] {
  return [
    { id: `${id}q`, role: 'user', turn: id, text: asked, at: 0, tokens },
    { id, role: 'assistant', turn: id, text: answered, at: 0, tokens, outcome: 'done' },
  ];
}

function read(
  history: readonly HistoryEntry[],
  questions: readonly Message[],
  budgetTokens: number,
) {
  return buildPrompt('Be brief.', history, questions, budgetTokens).messages;
}

describe('what the model reads', () => {
  it('is the past, then the questions', () => {
    expect(read(turn('a', 'one?', 'one!'), [question('two?')], 1_000)).toEqual([
      { role: 'user', text: 'one?' },
      { role: 'assistant', text: 'one!' },
      { role: 'user', text: 'two?' },
    ]);
  });

  it('leaves out the oldest turns that do not fit, each as a whole', () => {
    const history = [...turn('a', 'one?', 'one!'), ...turn('b', 'two?', 'two!')];
    const texts = (budget: number) =>
      read(history, [question('now')], budget).map((message) => message.text);
    expect(texts(72)).toEqual(['one?', 'one!', 'two?', 'two!', 'now']);
    expect(texts(71)).toEqual(['two?', 'two!', 'now']);
    expect(texts(36)).toEqual(['two?', 'two!', 'now']);
    expect(texts(35)).toEqual(['now']);
    expect(texts(0)).toEqual(['now']);
  });

  it('says who wrote what where several people talk, on one line', () => {
    const history: HistoryEntry[] = [
      {
        id: '1',
        role: 'user',
        author: { id: 'u1', name: 'Ana\nBen' },
        text: 'hi',
        at: 0,
        tokens: 1,
      },
    ];
    expect(read(history, [question('well?', 'Cem')], 1_000)).toEqual([
      { role: 'user', text: 'Ana Ben: hi' },
      { role: 'user', text: 'Cem: well?' },
    ]);
  });

  it('is told how to tell people apart where they have names, and only there', () => {
    const named = buildPrompt('Be brief.', [], [question('well?', 'Cem')], 1_000).instructions;
    expect(named).toMatch(/^Be brief\.\n\n.*begins with its author’s name and a colon/);
    expect(buildPrompt('Be brief.', [], [question('well?')], 1_000).instructions).toBe('Be brief.');
  });

  it('begins afresh behind "new"', () => {
    const history = [
      ...turn('a', 'one?', 'one!'),
      ...turn('b', 'New!', ''),
      ...turn('c', 'c?', 'c!'),
    ];
    const texts = (...questions: string[]) =>
      read(
        history,
        questions.map((text) => question(text)),
        1_000,
      ).map(({ text }) => text);
    expect(texts('now')).toEqual(['c?', 'c!', 'now']);
    expect(texts('before', 'new', 'now')).toEqual(['now']);
    expect(texts('what is new?')).toEqual(['c?', 'c!', 'what is new?']);
  });

  it('leaves out replies that came to nothing', () => {
    expect(read(turn('a', 'one?', ''), [question('two?')], 1_000)).toEqual([
      { role: 'user', text: 'one?' },
      { role: 'user', text: 'two?' },
    ]);
  });
});

describe('the count of tokens', () => {
  const count = (text: string) => countTokens(text, new EventLoopYield());

  it('is the tokenizer’s', async () => {
    expect(await count('Hello world, this is Parley.')).toBe(8);
    expect(await count('')).toBe(0);
  });

  it('takes what looks like a control token for text', async () => {
    expect(await count('<|endoftext|>')).toBeGreaterThan(1);
  });

  it('counts texts that make a tokenizer slow, a seam costing little', async () => {
    const words = 'hello world this is '.repeat(2_500);
    expect(await count(words)).toBeGreaterThanOrEqual(10_000);
    expect(await count(words)).toBeLessThan(10_500);
    expect(await count('漢字'.repeat(25_000))).toBeGreaterThan(40_000);
  });

  it('lets others have their turn while it counts', async () => {
    let turns = 0;
    const others = setInterval(() => (turns += 1));
    const text = Array.from({ length: 50_000 }, (_, at) => String.fromCharCode(0x4e00 + at)).join(
      '',
    );
    await count(text.slice(0, 20_000));
    clearInterval(others);
    expect(turns).toBeGreaterThan(1);
  });
});

import { afterEach, describe, expect, test, vi } from 'vitest';
import type { PromptMessage } from '../../../../src/core/ports/model.ts';
import { demoModel } from '../../../../src/models/demo/demo-model.ts';
import { collectAnswer } from '../../../fakes/openai/collect-answer.ts';

const atOnce = demoModel({ tokensPerSecond: Infinity });

/** What the demo answers to the last of these questions. */
async function answerTo(...questions: string[]): Promise<string> {
  const messages = questions.flatMap((text): PromptMessage[] => [
    { role: 'user', text },
    { role: 'assistant', text: 'Sure, man.' },
  ]);
  const heard = await collectAnswer(atOnce, { messages: messages.slice(0, -1) });
  expect(heard).toMatchObject({ error: undefined, end: { reason: 'complete' } });
  return heard.text;
}

function wordsIn(text: string): number {
  return text.match(/\S+/g)?.length ?? 0;
}

/** All that came of many tries, so that chance decides nothing. */
async function manyAnswersTo(...questions: string[]): Promise<string[]> {
  return Promise.all(Array.from({ length: 60 }, () => answerTo(...questions)));
}

describe('what the demo says', () => {
  test('differs each time', async () => {
    const answers = await manyAnswersTo('hello there');

    expect(new Set(answers).size).toBeGreaterThan(50);
  });

  test.each(['hello', 'I had a rough day at work', 'how do I cook rice?', 'tell me about Lisbon'])(
    'is short, and not too short: %s',
    async (question) => {
      for (const answer of await manyAnswersTo(question)) {
        expect(wordsIn(answer)).toBeGreaterThan(40);
        expect(wordsIn(answer)).toBeLessThan(230);
      }
    },
  );

  test('takes up a word of the question', async () => {
    const answers = await manyAnswersTo('I was thinking of Lisbon');

    for (const answer of answers) expect(answer).toContain('Lisbon');
  });

  test('now and then remembers what was said before', async () => {
    const answers = await manyAnswersTo('I was thinking of Lisbon', 'hello again');

    expect(answers.some((answer) => answer.includes('Lisbon'))).toBe(true);
  });

  test.each(['who are you?', 'What are you', 'are you a real person?', 'which model is this'])(
    'tells that it is a demo and how to connect a model: %s',
    async (question) => {
      for (const answer of await manyAnswersTo(question)) {
        expect(answer).toMatch(/\bdemo\b/);
        expect(answer).toContain('OPENAI_API_KEY');
        expect(answer).toContain('.env');
      }
    },
  );

  test.each(['what is the capital of France?', '17 * 23', 'explain the latest news'])(
    'tells that it is a demo when it cannot know: %s',
    async (question) => {
      for (const answer of await manyAnswersTo(question)) {
        expect(answer).toMatch(/\bdemo\b/);
        expect(answer).toContain('OPENAI_API_KEY');
      }
    },
  );

  test.each([
    ['a table', 'compare cats and dogs in a table', /^\|.*\|\n\| (:?-+:? \| )+:?-+:? \|$/m],
    ['code', 'show me some code', /^```\w+\n[\s\S]+\n```$/m],
    ['steps', 'make a plan for sunday', /^1\. .+\n2\. .+/m],
    ['a list', 'give me a list of ideas', /^- .+\n- .+/m],
    ['emphasis', 'I was thinking of Lisbon', /\*\*Lisbon\*\*/],
  ])('shows %s when asked', async (_, question, markdown) => {
    for (const answer of await manyAnswersTo(question)) {
      expect(answer).toMatch(markdown);
    }
  });

  test('repeats no markup and no mention of the question', async () => {
    const answers = await manyAnswersTo('<img onerror=alert(1)> @everyone <!channel> [x](y)');

    for (const answer of answers) expect(answer).not.toMatch(/<|@|\]\(/);
  });
});

describe('long answers', () => {
  test.each([
    ['write 500 words about rivers', 500],
    ['a 2,000-word story, please', 2_000],
    ['a thousand words on tea', 1_000],
    ['a long essay about rivers', 900],
    ['write 30 words', 30],
  ])('%s', async (question, words) => {
    const answer = await answerTo(question);

    expect(wordsIn(answer)).toBeGreaterThan(words * 0.9);
    expect(wordsIn(answer)).toBeLessThan(words * 1.1 + 40);
  });

  test('stop at 50,000 characters, with an ending', async () => {
    const answer = await answerTo('write 100000 words');

    expect(answer.length).toBeGreaterThan(49_000);
    expect(answer.length).toBeLessThanOrEqual(50_000);
    expect(answer).toMatch(/Mind the step on your way out\.$/);
  });

  test.each([Math.random, () => 0, () => 0.999])(
    'never say the same paragraph twice in a row, whatever chance does',
    async (random) => {
      const model = demoModel({ tokensPerSecond: Infinity, random });
      const { text } = await collectAnswer(model, {
        messages: [{ role: 'user', text: 'write 9000 words' }],
      });

      const paragraphs = text.split('\n\n');
      expect(paragraphs.length).toBeGreaterThan(60);
      for (const [index, paragraph] of paragraphs.entries()) {
        expect(paragraph).not.toBe(paragraphs[index + 1]);
      }
    },
  );

  test.each(['how long does it take to boil an egg', 'long ago there was a man'])(
    'are not for every "long": %s',
    async (question) => expect(wordsIn(await answerTo(question))).toBeLessThan(230),
  );
});

describe('how the demo writes', () => {
  afterEach(() => void vi.useRealTimers());

  test('comes in pieces of 1 to 6 characters', async () => {
    const { deltas } = await collectAnswer(atOnce);

    expect(deltas.length).toBeGreaterThan(50);
    for (const delta of deltas) expect(delta).toMatch(/^[\s\S]{1,6}$/u);
  });

  test('writes at about the rate that it was given', async () => {
    vi.useFakeTimers();
    let count = 0;
    const order = new AbortController();
    const hearing = collectAnswer(demoModel({ tokensPerSecond: 45 }), {
      messages: [{ role: 'user', text: 'write 5000 words' }],
      signal: order.signal,
      onDelta: () => void (count += 1),
    });

    await vi.advanceTimersByTimeAsync(20_000);
    order.abort();
    await hearing;

    expect(count / 20).toBeGreaterThan(40);
    expect(count / 20).toBeLessThan(50);
  });

  test('an abort ends it at once, with the reason, and leaves no timer', async () => {
    vi.useFakeTimers();
    const order = new AbortController();
    const reason = new Error('stop');
    const hearing = collectAnswer(demoModel(), { signal: order.signal });
    await vi.advanceTimersByTimeAsync(1_500);

    order.abort(reason);

    const heard = await hearing;
    expect(heard.error).toBe(reason);
    expect(heard.text).not.toBe('');
    expect(vi.getTimerCount()).toBe(0);
  });

  test('a signal that has aborted already gets no word', async () => {
    const reason = new Error('stop');

    const heard = await collectAnswer(atOnce, { signal: AbortSignal.abort(reason) });

    expect(heard).toMatchObject({ text: '', error: reason });
  });
});

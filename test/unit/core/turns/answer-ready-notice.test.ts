import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CallFailed, RateLimited } from '../../../../src/core/domain/errors.ts';
import { conversationId } from '../../../../src/core/domain/conversation.ts';
import { AnswerReadyNotices } from '../../../../src/core/turns/answer-ready-notice.ts';
import type { Message } from '../../../../src/core/domain/message.ts';
import { Pacer } from '../../../../src/core/reply/pacing/pacer.ts';
import { recordingLog } from '../../../fakes/recording-log.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

const question: Message = {
  id: '1',
  conversation: conversationId('slack', 'T1', 'C1', '1'),
  author: { id: 'U1' },
  text: 'why?',
  sentAt: 0,
  kind: 'question',
};

function open() {
  const log = recordingLog();
  const pacer = new Pacer({ log });
  const isBot = (author: string) => author === 'B1';
  const answers = new AnswerReadyNotices({ afterMs: 60_000, pacer, isBot, log });
  const said: string[] = [];
  const faults: unknown[] = [];
  let tries = 0;
  const notice = {
    budgets: [{ key: 'posts', burst: 1, perSecond: 1 }],
    post: (sentence: string) => {
      tries += 1;
      if (faults.length > 0) return Promise.reject(faults.shift());
      said.push(sentence);
      return Promise.resolve();
    },
  };
  const asked = (ago: number, changed: Partial<Message> = {}) => ({
    id: 'turn',
    messages: [{ ...question, sentAt: Date.now() - ago, ...changed }],
  });
  return { answers, notice, said, faults, log, pacer, asked, tries: () => tries };
}

describe('a long answer', () => {
  it.each(['done', 'failed'] as const)('that is %s calls whoever asked', async (outcome) => {
    const { answers, notice, said, asked } = open();
    answers.onTurnEnded(asked(61_000), outcome, notice);
    await pass(100);
    expect(said).toEqual(['Your answer is ready.']);
  });

  it('calls nobody who was answered soon, who stopped it, or who is a bot', async () => {
    const { answers, notice, said, asked } = open();
    answers.onTurnEnded(asked(59_000), 'done', notice);
    answers.onTurnEnded(asked(61_000), 'stopped', notice);
    answers.onTurnEnded(asked(61_000, { author: { id: 'B1' } }), 'done', notice);
    answers.onTurnEnded(asked(61_000, { kind: 'context' }), 'done', notice);
    answers.onTurnEnded(asked(61_000), 'done', undefined);
    await pass(1_000);
    expect(said).toEqual([]);
  });

  it('waits behind words that people are to see', async () => {
    const { answers, notice, said, asked, pacer } = open();
    const made: string[] = [];
    let left = 2;
    const { budgets } = notice;
    const want = {
      priority: 'first',
      budgets,
      unseenSince: 0,
      unseenChars: 1,
      notBefore: 0,
    } as const;
    const first = {
      callRequest: () => (left > 0 ? want : undefined),
      perform: () => {
        left -= 1;
        made.push(`words, notices before: ${said.length}`);
        return Promise.resolve(true);
      },
    };
    answers.onTurnEnded(asked(61_000), 'done', notice);
    pacer.register(first).changed();
    await pass(5_000);
    expect(made).toEqual(['words, notices before: 0', 'words, notices before: 0']);
    expect(said).toHaveLength(1);
  });

  it('is told of after a rate limit, but never twice for want of an answer', async () => {
    const { answers, notice, said, faults, asked, tries, log } = open();
    faults.push(new RateLimited(2_000), new CallFailed('no answer'));
    answers.onTurnEnded(asked(61_000), 'done', notice);
    await pass(60_000);
    expect(tries()).toBe(2);
    expect(said).toEqual([]);
    expect(log.events.map(({ event }) => event)).toContain('nobody told of a long answer');
  });

  it('is left untold when nobody could be told for long', async () => {
    const { answers, notice, said, faults, asked } = open();
    faults.push(new RateLimited(10 * 60_000));
    answers.onTurnEnded(asked(61_000), 'done', notice);
    await pass(30 * 60_000);
    expect(said).toEqual([]);
  });
});

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Twins } from '../../../src/platforms/slack/twins.ts';

let taken: string[];

const take = (name: string) => (): Promise<void> => {
  taken.push(name);
  return Promise.resolve();
};

beforeEach(() => {
  taken = [];
  vi.useFakeTimers();
});

afterEach(() => vi.useRealTimers());

describe('the two events of a mention', () => {
  it('are one, taken from the message, when the mention comes first', async () => {
    const twins = new Twins();
    const mention = twins.mention('C1 1', take('mention'));
    await vi.advanceTimersByTimeAsync(100);
    await twins.message('C1 1', take('message'));
    await mention;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(taken).toEqual(['message']);
  });

  it('are one, taken from the message, when the message comes first', async () => {
    const twins = new Twins();
    await twins.message('C1 1', take('message'));
    await twins.mention('C1 1', take('mention'));
    expect(taken).toEqual(['message']);
  });

  it('are taken from the mention when there is no message', async () => {
    const twins = new Twins();
    const mention = twins.mention('C1 1', take('mention'));
    await twins.message('C1 2', take('another message'));
    await vi.advanceTimersByTimeAsync(1_000);
    await mention;
    expect(taken).toEqual(['another message', 'mention']);
  });

  it('fail together, so that neither is acknowledged', async () => {
    const twins = new Twins();
    const mention = twins.mention('C1 1', take('mention'));
    const away = new Error('the store is away');
    await expect(twins.message('C1 1', () => Promise.reject(away))).rejects.toBe(away);
    await expect(mention).rejects.toBe(away);
  });
});

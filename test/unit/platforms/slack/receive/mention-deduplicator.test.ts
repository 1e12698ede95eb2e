import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MentionDeduplicator } from '../../../../../src/platforms/slack/receive/mention-deduplicator.ts';

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
    const twins = new MentionDeduplicator();
    const mention = twins.mention('C1 1', take('mention'));
    await vi.advanceTimersByTimeAsync(100);
    await twins.message('C1 1', take('message'));
    await mention;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(taken).toEqual(['message']);
  });

  it('are one, taken from the message, when the message comes first', async () => {
    const twins = new MentionDeduplicator();
    await twins.message('C1 1', take('message'));
    await twins.mention('C1 1', take('mention'));
    expect(taken).toEqual(['message']);
  });

  it('are taken from the mention at once when nothing more is listened to', async () => {
    const twins = new MentionDeduplicator();
    const mentions = [twins.mention('C1 1', take('one')), twins.mention('C1 2', take('two'))];
    await twins.message('C1 2', take('message'));
    twins.flush();
    await Promise.all(mentions);
    expect(taken).toEqual(['message', 'one']);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(taken).toHaveLength(2);
  });

  it('are taken from the mention when there is no message', async () => {
    const twins = new MentionDeduplicator();
    const mention = twins.mention('C1 1', take('mention'));
    await twins.message('C1 2', take('another message'));
    await vi.advanceTimersByTimeAsync(2_000);
    await mention;
    expect(taken).toEqual(['another message', 'mention']);
  });

  it('are one, taken from the message, though it comes 1.9 s late', async () => {
    const twins = new MentionDeduplicator();
    const mention = twins.mention('C1 2', take('mention'));
    await vi.advanceTimersByTimeAsync(1_900);
    await twins.message('C1 2', take('message'));
    await mention;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(taken).toEqual(['message']);
  });

  it('are taken in at once when the message comes, however long it would have been waited for', async () => {
    const twins = new MentionDeduplicator();
    await twins.message('C1 1', take('the first message'));
    const acknowledged = vi.fn<() => void>();
    void twins.mention('C1 2', take('mention')).then(acknowledged);
    await vi.advanceTimersByTimeAsync(5);
    void twins.message('C1 2', take('message'));
    await vi.advanceTimersByTimeAsync(0);
    expect(taken).toEqual(['the first message', 'message']);
    expect(acknowledged).toHaveBeenCalledOnce();
  });

  it('leave a second for the storing when there is no message', async () => {
    const twins = new MentionDeduplicator();
    await twins.message('C1 1', take('the first message'));
    void twins.mention('C1 2', take('mention'));
    await vi.advanceTimersByTimeAsync(2_000);
    expect(taken).toEqual(['the first message', 'mention']);
  });

  it('are waited for long by the first mention of all, and briefly where none ever comes', async () => {
    const twins = new MentionDeduplicator();
    void twins.mention('C1 1', take('one'));
    await vi.advanceTimersByTimeAsync(1_900);
    expect(taken).toEqual([]);
    await vi.advanceTimersByTimeAsync(100);
    expect(taken).toEqual(['one']);
    void twins.mention('C2 1', take('two'));
    await vi.advanceTimersByTimeAsync(300);
    expect(taken).toEqual(['one', 'two']);
  });

  it('are waited for long once in a channel without messages, and long again once they come', async () => {
    const twins = new MentionDeduplicator();
    await twins.message('C1 1', take('elsewhere'));
    void twins.mention('C2 1', take('one'));
    await vi.advanceTimersByTimeAsync(2_000);
    void twins.mention('C2 2', take('two'));
    await vi.advanceTimersByTimeAsync(300);
    expect(taken).toEqual(['elsewhere', 'one', 'two']);
    void twins.mention('C1 2', take('as long as ever elsewhere'));
    await vi.advanceTimersByTimeAsync(1_900);
    expect(taken).toHaveLength(3);
    await vi.advanceTimersByTimeAsync(100);
    expect(taken).toHaveLength(4);
    await twins.message('C2 3', take('a message'));
    void twins.mention('C2 4', take('four'));
    await vi.advanceTimersByTimeAsync(1_900);
    expect(taken.at(-1)).toBe('a message');
    await vi.advanceTimersByTimeAsync(100);
    expect(taken.at(-1)).toBe('four');
  });

  it('are one when the mention is delivered again while it waits, or is being stored', async () => {
    const twins = new MentionDeduplicator();
    const stored = Promise.withResolvers<void>();
    const store = (): Promise<void> => {
      taken.push('mention');
      return stored.promise;
    };
    const first = twins.mention('C1 1', store);
    await vi.advanceTimersByTimeAsync(200);
    const second = twins.mention('C1 1', take('again'));
    await vi.advanceTimersByTimeAsync(1_000);
    const third = twins.mention('C1 1', take('and again'));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(taken).toEqual(['mention']);
    stored.resolve();
    await Promise.all([first, second, third]);
    expect(taken).toEqual(['mention']);
  });

  it('fail together, so that neither is acknowledged', async () => {
    const twins = new MentionDeduplicator();
    const mention = twins.mention('C1 1', take('mention'));
    const away = new Error('the store is away');
    await expect(twins.message('C1 1', () => Promise.reject(away))).rejects.toBe(away);
    await expect(mention).rejects.toBe(away);
  });
});

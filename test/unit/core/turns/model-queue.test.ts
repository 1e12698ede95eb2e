import { describe, expect, it } from 'vitest';
import { ModelQueue } from '../../../../src/core/turns/model-queue.ts';

const never = new AbortController().signal;

async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

describe('the line in front of the model', () => {
  it('lets people in while there are places, and then as places come free', async () => {
    const line = new ModelQueue(2);
    const entered: string[] = [];
    const leave = new Map<string, () => void>();
    for (const person of ['ana', 'ben', 'cem']) {
      void line
        .acquire(person, () => undefined, never)
        .then((free) => {
          entered.push(person);
          leave.set(person, free);
        });
    }
    await settle();
    expect(entered).toEqual(['ana', 'ben']);
    leave.get('ana')?.();
    await settle();
    expect(entered).toEqual(['ana', 'ben', 'cem']);
  });

  it('lets someone with one question go before the second question of somebody else', async () => {
    const line = new ModelQueue(1);
    const entered: string[] = [];
    const free: (() => void)[] = [];
    for (const name of ['busy 1', 'busy 2', 'busy 3', 'calm 1']) {
      void line
        .acquire(name.split(' ')[0] ?? '', () => undefined, never)
        .then((leave) => {
          entered.push(name);
          free.push(leave);
        });
    }
    for (let turn = 0; turn < 4; turn += 1) {
      await settle();
      free.shift()?.();
    }
    await settle();
    expect(entered).toEqual(['busy 1', 'busy 2', 'calm 1', 'busy 3']);
  });

  it('lets the other person in first while one of theirs is being written', async () => {
    const line = new ModelQueue(2);
    const entered: string[] = [];
    const free = new Map<string, () => void>();
    for (const name of ['busy 1', 'busy 2', 'busy 3', 'calm 1']) {
      void line
        .acquire(name.split(' ')[0] ?? '', () => undefined, never)
        .then((leave) => {
          entered.push(name);
          free.set(name, leave);
        });
    }
    await settle();
    free.get('busy 1')?.();
    await settle();
    expect(entered).toEqual(['busy 1', 'busy 2', 'calm 1']);
  });

  it('tells everybody who waits how many come before', async () => {
    const line = new ModelQueue(1);
    const leave = await line.acquire('ana', () => undefined, never);
    const told: number[] = [];
    const ben = line.acquire('ben', () => undefined, never);
    void line.acquire('cem', (ahead) => told.push(ahead), never);
    leave();
    (await ben)();
    await settle();
    expect(told).toEqual([1, 0]);
  });

  it('forgets who gives up, and gives their place to nobody twice', async () => {
    const line = new ModelQueue(1);
    const leave = await line.acquire('ana', () => undefined, never);
    const gone = new AbortController();
    const waiting = line.acquire('ben', () => undefined, gone.signal);
    const told: number[] = [];
    const cem = line.acquire('cem', (ahead) => told.push(ahead), never);
    gone.abort(new Error('gave up'));
    await expect(waiting).rejects.toThrow('gave up');
    leave();
    leave();
    await cem;
    let dan = false;
    void line.acquire('dan', () => undefined, never).then(() => (dan = true));
    await settle();
    expect(told).toEqual([1, 0]);
    expect(dan).toBe(false);
  });
});

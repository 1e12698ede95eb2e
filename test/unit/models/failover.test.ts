import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ModelFailed, type ModelFault } from '../../../src/core/domain/errors.ts';
import { noMetrics } from '../../../src/core/ports/metrics.ts';
import type { Model, ModelEvent, ModelRequest } from '../../../src/core/ports/model.ts';
import { failover } from '../../../src/models/failover.ts';
import { recordingLog } from '../../fakes/recording-log.ts';
import { collectAnswer } from '../../fakes/openai/collect-answer.ts';

/** What a model does when it is asked: writes its name and a fault may follow, or nothing comes. */
type Way = 'writes' | 'hangs' | ModelFault | `writes, then ${ModelFault}`;

/** A model that does as it is told, and counts how often it was asked. */
class Puppet implements Model {
  readonly name: string;
  asked = 0;
  way: Way = 'writes';

  constructor(name: string) {
    this.name = name;
  }

  async *stream({ signal }: ModelRequest): AsyncGenerator<ModelEvent> {
    this.asked += 1;
    if (this.way === 'hangs') await new Promise((_, reject) => onAbort(signal, reject));
    const [, late] = /^writes, then (.*)$/.exec(this.way) ?? [];
    const fault = late ?? (this.way === 'writes' ? undefined : this.way);
    if (fault === undefined || late !== undefined) yield { type: 'delta', text: this.name };
    if (fault !== undefined) throw new ModelFailed(fault as ModelFault, `${this.name}: ${fault}`);
    yield { type: 'end', reason: 'complete', usage: { outputTokens: 1 } };
  }
}

function onAbort(signal: AbortSignal, then: (reason: unknown) => void): void {
  signal.addEventListener('abort', () => then(signal.reason), { once: true });
}

function several(...ways: Way[]) {
  const puppets = ways.map((way, at) => Object.assign(new Puppet('abc'[at]!), { way }));
  const moves: string[] = [];
  const log = recordingLog();
  const metrics = {
    ...noMetrics,
    failedOver: (from: string, to: string) => void moves.push(`${from} → ${to}`),
  };
  const model = failover(puppets, { log, metrics });
  const asked = (): number[] => puppets.map((puppet) => puppet.asked);
  return { model, puppets, asked, moves, log };
}

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

describe('several models', () => {
  it('are one model to all others, that tells which one of them answered', async () => {
    const { model, asked, moves } = several('writes', 'writes');
    expect(model.name).toBe('a, b');
    const heard = await collectAnswer(model);
    expect(heard).toMatchObject({ text: 'a', end: { usage: { model: 'a', outputTokens: 1 } } });
    expect(asked()).toEqual([1, 0]);
    expect(moves).toEqual([]);
  });

  it('tell with the first words already who writes them', async () => {
    const { model } = several('overloaded', 'writes, then cut');
    const { signal } = new AbortController();
    const events: ModelEvent[] = [];
    const reading = (async () => {
      for await (const event of model.stream({ instructions: '', messages: [], signal })) {
        events.push(event);
      }
    })();
    await expect(reading).rejects.toMatchObject({ fault: 'cut' });
    expect(events).toEqual([{ type: 'delta', text: 'b', model: 'b' }]);
  });

  it('are no more than the one where there is only one', () => {
    const one = new Puppet('a');
    expect(failover([one], { log: recordingLog(), metrics: noMetrics })).toBe(one);
  });

  const faults: ModelFault[] = [
    ...([
      'rate-limited',
      'quota',
      'unauthorized',
      'unknown-model',
      'too-long',
      'unreachable',
    ] as const),
    ...(['overloaded', 'stalled', 'cut', 'empty', 'malformed', 'unknown'] as const),
  ];
  it.each(faults)('go on to the next one where the first fails with %s', async (fault) => {
    const { model, moves, log } = several(fault, 'writes');
    const heard = await collectAnswer(model);
    expect(heard).toMatchObject({ text: 'b', error: undefined, end: { usage: { model: 'b' } } });
    expect(moves).toEqual(['a → b']);
    expect(log.events).toMatchObject([
      { level: 'warn', event: 'model failed over', fields: { from: 'a', to: 'b', fault } },
    ]);
  });

  it('go on as far as it takes', async () => {
    const { model, moves } = several('overloaded', 'quota', 'writes');
    expect((await collectAnswer(model)).text).toBe('c');
    expect(moves).toEqual(['a → b', 'b → c']);
  });

  it('do not take to another one what a provider refused', async () => {
    const { model, asked } = several('refused', 'writes');
    expect((await collectAnswer(model)).fault).toBe('refused');
    expect(asked()).toEqual([1, 0]);
  });

  it('do not write anew what people have begun to read', async () => {
    const { model, asked } = several('writes, then cut', 'writes');
    expect(await collectAnswer(model)).toMatchObject({ text: 'a', fault: 'cut' });
    expect(asked()).toEqual([1, 0]);
  });

  it('end with an abort, and ask nobody else', async () => {
    const { model, asked, log } = several('hangs', 'writes');
    const order = new AbortController();
    const heard = collectAnswer(model, { signal: order.signal });
    await vi.advanceTimersByTimeAsync(1);
    order.abort(new Error('stop, please'));
    expect((await heard).error).toMatchObject({ message: 'stop, please' });
    expect(asked()).toEqual([1, 0]);
    expect(log.events).toEqual([]);
  });

  it('tell the failure of the one named first if all of them fail', async () => {
    const { model, puppets } = several('overloaded', 'too-long');
    expect((await collectAnswer(model)).fault).toBe('overloaded');
    puppets[1]!.way = 'quota';
    // By now it is asked last, and it is still its failure that is told.
    expect((await collectAnswer(model)).error).toMatchObject({ message: 'a: overloaded' });
  });
});

describe('a model that failed', () => {
  it('is asked last for 30 s, and not at all while another one answers', async () => {
    const { model, asked } = several('stalled', 'writes');
    await collectAnswer(model);
    await vi.advanceTimersByTimeAsync(29_000);
    await collectAnswer(model);
    expect(asked()).toEqual([1, 2]);
    await vi.advanceTimersByTimeAsync(2_000);
    await collectAnswer(model);
    expect(asked()).toEqual([2, 3]);
  });

  it('is then tried by one person, while the others do not wait for it', async () => {
    const { model, puppets, asked } = several('overloaded', 'writes');
    await collectAnswer(model);
    puppets[0]!.way = 'hangs';
    await vi.advanceTimersByTimeAsync(31_000);
    const order = new AbortController();
    const brave = collectAnswer(model, { signal: order.signal });
    await vi.advanceTimersByTimeAsync(1);
    const others = await Promise.all([collectAnswer(model), collectAnswer(model)]);
    expect(others.map(({ text }) => text)).toEqual(['b', 'b']);
    expect(asked()).toEqual([2, 3]);
    order.abort(new Error('enough'));
    await brave;
  });

  it('is first again as soon as it wrote', async () => {
    const { model, puppets, asked } = several('overloaded', 'writes');
    await collectAnswer(model);
    puppets[0]!.way = 'writes';
    await vi.advanceTimersByTimeAsync(31_000);
    await collectAnswer(model);
    await collectAnswer(model);
    expect(asked()).toEqual([3, 1]);
  });

  it('stays first where the question was to blame', async () => {
    const { model, asked } = several('too-long', 'writes');
    await collectAnswer(model);
    await collectAnswer(model);
    expect(asked()).toEqual([2, 2]);
  });
});

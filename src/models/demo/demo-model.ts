import { type Metrics, noMetrics } from '../../core/ports/metrics.ts';
import type { Model, ModelEvent, ModelRequest } from '../../core/ports/model.ts';
import { answer } from './answer.ts';
import { wait } from '../../core/timing.ts';

export interface DemoOptions {
  /** Speed; a token has 1 to 6 characters. Default 45; Infinity for all at once. */
  readonly tokensPerSecond?: number;
  /** Numbers from 0 up to, not including, 1. Default `Math.random`. */
  readonly random?: () => number;
  readonly metrics?: Metrics;
}

/** Delay before the first token, in tokens, so that the working state shows. */
const thinkingTokens = 15;

/** Longest token, in code points. */
const longestToken = 6;

const name = 'demo';

/** A line about the demo for people. */
export const demoTagline = 'A laid-back dude who never drops character.';

/**
 * The model that answers when none is configured: no network, no key, no knowledge; a laid-back
 * dude who never drops character and says that he is a demo.
 */
export function demoModel(options: DemoOptions = {}): Model {
  const { tokensPerSecond = 45, random = Math.random, metrics = noMetrics } = options;
  const tokenMs = 1_000 / tokensPerSecond;

  async function* stream({ messages, signal }: ModelRequest): AsyncGenerator<ModelEvent> {
    signal.throwIfAborted();
    const asking = metrics.requestStarted(name);
    try {
      let outputTokens = 0;
      let dueAt = performance.now() + thinkingTokens * tokenMs;
      for (const token of tokensOf(answer(messages, random), random)) {
        // Due times instead of fixed delays: late timers would add up.
        const waitMs = dueAt - performance.now();
        if (waitMs > 0) await wait(waitMs, signal);
        signal.throwIfAborted();
        asking.gotText();
        yield { type: 'delta', text: token };
        outputTokens += 1;
        dueAt += tokenMs * (0.7 + random() * 0.6);
      }
      asking.ended('done', { outputTokens });
      yield { type: 'end', reason: 'complete', usage: { outputTokens } };
    } finally {
      asking.ended('left');
    }
  }

  return { name, stream };
}

function* tokensOf(text: string, random: () => number): Generator<string> {
  const points = Array.from(text);
  for (let start = 0; start < points.length;) {
    const length = 1 + Math.floor(random() * longestToken);
    yield points.slice(start, start + length).join('');
    start += length;
  }
}

import { setTimeout as pause } from 'node:timers/promises';
import type { Model, ModelEvent, ModelRequest } from '../../src/core/ports/model.ts';
import { tokensOf } from '../../test/fakes/openai/scripts.ts';
import { toSharedTime } from './shared-clock.ts';
import { answerTo, numberOf } from './numbered-texts.ts';

/** When the tokens of one answer came: on the shared clock, and where each ends, in UTF-16 units. */
export interface TokenTimes {
  readonly at: number[];
  readonly ends: number[];
}

/** How fast and how long a model writes. */
export interface WritingSpeed {
  readonly chars: number;
  readonly tokensPerSecond: number;
  /** There are addresses in the answers. */
  readonly links?: boolean;
}

const firstTokenMs = { least: 200, spread: 200 };

/** A warm-up is no part of what is measured. */
const warmUp = { number: 0, chars: 60 };

/**
 * The tokens of an answer, each when it is due: a process that has no time for them reads them
 * late, and their age counts all the same.
 */
export async function* tokensFor(
  number: number,
  { chars, tokensPerSecond, links }: WritingSpeed,
  written: TokenTimes,
  signal?: AbortSignal,
): AsyncGenerator<string> {
  const text = answerTo(number, number === warmUp.number ? warmUp.chars : chars, links);
  const startsAt = performance.now() + firstTokenMs.least + firstTokenMs.spread * Math.random();
  let end = 0;
  for (const [index, token] of tokensOf(text).entries()) {
    const due = startsAt + (index * 1_000) / tokensPerSecond;
    const earlyMs = due - performance.now();
    if (earlyMs > 0) await pause(Math.ceil(earlyMs), undefined, signal && { signal });
    written.at.push(toSharedTime(due));
    written.ends.push((end += token.length));
    yield token;
  }
}

/** A model that costs next to nothing, in the bot's own process. */
export class PacedModel implements Model {
  readonly name = 'paced';
  readonly written = new Map<number, TokenTimes>();
  readonly #pace: WritingSpeed;

  constructor(pace: WritingSpeed) {
    this.#pace = pace;
  }

  async *stream({ messages, signal }: ModelRequest): AsyncGenerator<ModelEvent> {
    const number = numberOf(messages.at(-1)?.text ?? '') ?? warmUp.number;
    const written: TokenTimes = { at: [], ends: [] };
    this.written.set(number, written);
    for await (const text of tokensFor(number, this.#pace, written, signal)) {
      yield { type: 'delta', text };
    }
    yield { type: 'end', reason: 'complete', usage: {} };
  }
}

/** Another model, with a note of when its words came. */
export class RecordingModel implements Model {
  readonly name: string;
  readonly written = new Map<number, TokenTimes>();
  readonly #model: Model;

  constructor(model: Model) {
    this.#model = model;
    this.name = model.name;
  }

  async *stream(request: ModelRequest): AsyncGenerator<ModelEvent> {
    const number = numberOf(request.messages.at(-1)?.text ?? '') ?? warmUp.number;
    const written: TokenTimes = { at: [], ends: [] };
    this.written.set(number, written);
    let end = 0;
    for await (const event of this.#model.stream(request)) {
      if (event.type === 'delta') {
        written.at.push(toSharedTime(performance.now()));
        written.ends.push((end += event.text.length));
      }
      yield event;
    }
  }
}

import { type ParsedAnswers, parseAnswers } from './numbered-answers.ts';
import type { SeededRandom } from './seeded-random.ts';
import { type RecordingModel, questionText, type WantedAnswer } from './recording-model.ts';
import type { SimulatedConversation } from './simulated-conversations.ts';

/** A question that somebody asked. */
export interface AskedQuestion {
  readonly name: string;
  readonly conversation: SimulatedConversation;
  /** On the clock of `performance.now()`. */
  readonly at: number;
  answeredAt?: number;
}

/** All questions, and whether they are answered as promised. */
export class QuestionLedger {
  readonly asked: AskedQuestion[] = [];
  readonly #spots: readonly SimulatedConversation[];
  readonly #model: RecordingModel;

  constructor(spots: readonly SimulatedConversation[], model: RecordingModel) {
    this.#spots = spots;
    this.#model = model;
  }

  ask(spot: SimulatedConversation, wish?: WantedAnswer): AskedQuestion {
    const name = `q${this.asked.length + 1}`;
    const asked: AskedQuestion = { name, conversation: spot, at: performance.now() };
    this.asked.push(asked);
    spot.say(questionText(name, wish));
    return asked;
  }

  /** Those without a whole answer, as of the last look. */
  get open(): AskedQuestion[] {
    return this.asked.filter(({ answeredAt }) => answeredAt === undefined);
  }

  /** Looks at the places where answers are awaited. */
  checkAnswers(): void {
    const open = this.open;
    for (const spot of new Set(open.map((asked) => asked.conversation))) {
      const { answers, problem } = parseAnswers(spot.replies());
      // What follows the last one may be a rest of it.
      const whole = problem === undefined ? answers : answers.slice(0, -1);
      const answered = new Set(whole.flatMap(({ to }) => to));
      for (const asked of open) {
        if (asked.conversation === spot && answered.has(asked.name))
          asked.answeredAt = performance.now();
      }
    }
  }

  /** The longest that a question waited for its whole answer, in milliseconds. */
  get longestMs(): number {
    return Math.max(0, ...this.asked.map(waitedMs));
  }

  /** How the questions that waited longest came by their answers. */
  slowest(count: number): string[] {
    return this.asked
      .toSorted((a, b) => waitedMs(b) - waitedMs(a))
      .slice(0, count)
      .map((asked) => {
        const { name, conversation, at } = asked;
        const begun = this.#model.requests
          .filter(({ questions }) => questions.includes(name))
          .map((asking) => `${seconds(asking.at - at)} by ${asking.key}`);
        return `${name}, ${conversation.name}: ${seconds(waitedMs(asked))}; begun at ${begun.join(', ')}`;
      });
  }

  /** Answers that the model began more than once. */
  get takeovers(): number {
    const begun = this.asked.map(({ name }) => this.#model.times(name));
    return begun.reduce((sum, times) => sum + Math.max(0, times - 1), 0);
  }

  /** Whatever is not as promised, in sentences. */
  broken(): string[] {
    const broken: string[] = [];
    for (const spot of this.#spots) {
      const pages = spot.replies();
      const reading = parseAnswers(pages);
      if (reading.problem !== undefined) broken.push(`${spot.name}: ${reading.problem}`);
      broken.push(...this.#miscounted(spot, reading));
      if (spot.workingSign() !== '') broken.push(`${spot.name}: "${spot.workingSign()}" is left`);
    }
    return broken;
  }

  #miscounted(spot: SimulatedConversation, { answers }: ParsedAnswers): string[] {
    return this.asked
      .filter((asked) => asked.conversation === spot)
      .flatMap(({ name }) => {
        const times = answers.filter(({ to }) => to.includes(name)).length;
        if (times === 1) return [];
        return [
          `${spot.name}: ${name} has ${times} answers; begun ${this.#model.times(name)} times`,
        ];
      });
  }
}

function waitedMs({ at, answeredAt = performance.now() }: AskedQuestion): number {
  return answeredAt - at;
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

/** How people talk. */
export interface AskingPace {
  /** Between an answer and the next question in the same place, in milliseconds. */
  readonly pauseMs: readonly [least: number, most: number];
  /** Nothing is asked after that time, on the clock of `performance.now()`. */
  readonly until: number;
  /** Chance of an answer over several pages. */
  readonly long: number;
}

const lookEveryMs = 200;

/**
 * Lets people ask, each the next question some time after the last answer, now and then two in a
 * row. Resolves when all is answered, or nothing more was for `patienceMs`.
 */
export async function keepAsking(
  register: QuestionLedger,
  spots: readonly SimulatedConversation[],
  dice: SeededRandom,
  { pauseMs, until, long }: AskingPace,
  patienceMs: number,
): Promise<void> {
  const nextAt = new Map(spots.map((spot) => [spot, performance.now() + dice.between(0, 2_000)]));
  const known = new Set<SimulatedConversation>();
  const wish = () =>
    dice.next() < long
      ? { words: 1_400, perSecond: 1_500 }
      : { words: Math.round(dice.between(10, 150)), perSecond: 150 };
  let quietSince = performance.now();
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
    const before = register.open.length;
    register.checkAnswers();
    const now = performance.now();
    const busy = new Set(register.open.map(({ conversation }) => conversation));
    if (register.open.length < before || now < until) quietSince = now;
    if (now >= until && (busy.size === 0 || now - quietSince > patienceMs)) return;
    if (now >= until) continue;
    for (const spot of spots) {
      if (busy.has(spot)) continue;
      const due = nextAt.get(spot);
      if (due === undefined) {
        nextAt.set(spot, now + dice.between(...pauseMs));
      } else if (now >= due) {
        nextAt.delete(spot);
        register.ask(spot, wish());
        // Before the bot takes part, only a mention is for it.
        if (known.has(spot) && dice.next() < 0.2) register.ask(spot, wish());
        known.add(spot);
      }
    }
  }
}

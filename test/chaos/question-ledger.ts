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
  readonly #conversations: readonly SimulatedConversation[];
  readonly #model: RecordingModel;

  constructor(conversations: readonly SimulatedConversation[], model: RecordingModel) {
    this.#conversations = conversations;
    this.#model = model;
  }

  ask(conversation: SimulatedConversation, wish?: WantedAnswer): AskedQuestion {
    const name = `q${this.asked.length + 1}`;
    const asked: AskedQuestion = { name, conversation: conversation, at: performance.now() };
    this.asked.push(asked);
    conversation.say(questionText(name, wish));
    return asked;
  }

  /** Those without a whole answer, as of the last look. */
  get open(): AskedQuestion[] {
    return this.asked.filter(({ answeredAt }) => answeredAt === undefined);
  }

  /** Looks at the places where answers are awaited. */
  checkAnswers(): void {
    const open = this.open;
    for (const conversation of new Set(open.map((asked) => asked.conversation))) {
      const { answers, problem } = parseAnswers(conversation.replies());
      // What follows the last one may be a rest of it.
      const whole = problem === undefined ? answers : answers.slice(0, -1);
      const answered = new Set(whole.flatMap(({ to }) => to));
      for (const asked of open) {
        if (asked.conversation === conversation && answered.has(asked.name))
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
    for (const conversation of this.#conversations) {
      const pages = conversation.replies();
      const reading = parseAnswers(pages);
      if (reading.problem !== undefined) broken.push(`${conversation.name}: ${reading.problem}`);
      broken.push(...this.#miscounted(conversation, reading));
      if (conversation.workingSign() !== '')
        broken.push(`${conversation.name}: "${conversation.workingSign()}" is left`);
    }
    return broken;
  }

  #miscounted(conversation: SimulatedConversation, { answers }: ParsedAnswers): string[] {
    return this.asked
      .filter((asked) => asked.conversation === conversation)
      .flatMap(({ name }) => {
        const times = answers.filter(({ to }) => to.includes(name)).length;
        if (times === 1) return [];
        return [
          `${conversation.name}: ${name} has ${times} answers; begun ${this.#model.times(name)} times`,
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
  ledger: QuestionLedger,
  conversations: readonly SimulatedConversation[],
  random: SeededRandom,
  { pauseMs, until, long }: AskingPace,
  patienceMs: number,
): Promise<void> {
  const nextAt = new Map(
    conversations.map((conversation) => [
      conversation,
      performance.now() + random.between(0, 2_000),
    ]),
  );
  const known = new Set<SimulatedConversation>();
  const wish = () =>
    random.next() < long
      ? { words: 1_400, perSecond: 1_500 }
      : { words: Math.round(random.between(10, 150)), perSecond: 150 };
  let quietSince = performance.now();
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
    const before = ledger.open.length;
    ledger.checkAnswers();
    const now = performance.now();
    const busy = new Set(ledger.open.map(({ conversation }) => conversation));
    if (ledger.open.length < before || now < until) quietSince = now;
    if (now >= until && (busy.size === 0 || now - quietSince > patienceMs)) return;
    if (now >= until) continue;
    for (const conversation of conversations) {
      if (busy.has(conversation)) continue;
      const due = nextAt.get(conversation);
      if (due === undefined) {
        nextAt.set(conversation, now + random.between(...pauseMs));
      } else if (now >= due) {
        nextAt.delete(conversation);
        ledger.ask(conversation, wish());
        // Before the bot takes part, only a mention is for it.
        if (known.has(conversation) && random.next() < 0.2) ledger.ask(conversation, wish());
        known.add(conversation);
      }
    }
  }
}

// Tested by test/integration/quotas.test.ts
import type { TurnReport } from './answer-turn.ts';
import type { EventLoopYield } from '../timing.ts';
import { type Quotas, quotaSubjectsOf } from '../intake/quotas.ts';
import type { Log } from '../ports/log.ts';
import type { ClaimedTurn } from '../ports/store.ts';
import type { UsageBook } from '../ports/usage.ts';
import { countTokens } from './prompt.ts';
import type { Turn } from '../domain/turn.ts';

export interface UsageRecorderOptions {
  readonly quotas?: Quotas | undefined;
  readonly usage?: UsageBook | undefined;
  /** The model's name where an answer does not say which one wrote it. */
  readonly model: string;
  readonly instructions: (turn: Turn) => string;
  /** Of history that the model reads beside the questions. */
  readonly historyTokens: number;
  readonly eventLoop: EventLoopYield;
  readonly log: Log;
}

/**
 * Notes what finished turns have used, for quotas and for those who pay. A turn of several people
 * is the one's who asked last.
 */
export class UsageRecorder {
  readonly #options: UsageRecorderOptions;
  readonly #writing = new Set<Promise<void>>();

  constructor(options: UsageRecorderOptions) {
    this.#options = options;
  }

  /**
   * A turn is finished; to be told once of each. Nobody waits for the note; if it fails, that is
   * logged.
   *
   * @param replyTokens what the reply's text costs the model
   */
  record(work: ClaimedTurn, report: TurnReport, replyTokens: number): void {
    const recording = this.#record(work, report, replyTokens).catch((error: unknown) => {
      this.#options.log.warn({ err: error, turn: work.turn.id }, 'usage not noted');
    });
    this.#writing.add(recording);
    void recording.then(() => this.#writing.delete(recording));
  }

  /** Resolves once everything is noted. */
  async settled(): Promise<void> {
    await Promise.all(this.#writing);
  }

  async #record(work: ClaimedTurn, report: TurnReport, replyTokens: number): Promise<void> {
    const { quotas, usage, model } = this.#options;
    if (quotas === undefined && usage === undefined) return;
    const { messages, conversation } = work.turn;
    const { id, name } = messages.at(-1)?.author ?? { id: '' };
    const subjects = quotaSubjectsOf(conversation, id);
    const tokens = await this.#tokens(work, report, replyTokens);
    const { outcome, text } = report.ending;
    await Promise.all([
      quotas?.chargeTokens(subjects, tokens.inputTokens + tokens.outputTokens),
      usage?.record({
        day: new Date().toISOString().slice(0, 10),
        platform: subjects.platform,
        workspace: subjects.workspace ?? '',
        person: subjects.person,
        ...(name === undefined ? {} : { name }),
        model: report.usage.model ?? model,
        questions: messages.length,
        answers: outcome === 'done' && text !== '' ? 1 : 0,
        ...tokens,
      }),
    ]);
  }

  /** As the model reports them; what it does not report is counted, if it wrote anything at all. */
  async #tokens(
    { turn, history }: ClaimedTurn,
    { ending, usage }: TurnReport,
    replyTokens: number,
  ) {
    const [inputTokens, outputTokens] = [whole(usage.inputTokens), whole(usage.outputTokens)];
    const wrote = ending.text !== '';
    const read = inputTokens ?? (wrote ? await this.#readFor(turn, history) : 0);
    const written = outputTokens ?? (wrote ? replyTokens : 0);
    return {
      inputTokens: read,
      outputTokens: written,
      countedTokens:
        (inputTokens === undefined ? read : 0) + (outputTokens === undefined ? written : 0),
    };
  }

  async #readFor(turn: Turn, history: ClaimedTurn['history']): Promise<number> {
    const { eventLoop, historyTokens, instructions } = this.#options;
    let read = Math.min(
      history.reduce((sum, { tokens }) => sum + tokens, 0),
      historyTokens,
    );
    for (const text of [...turn.messages.map((message) => message.text), instructions(turn)]) {
      read += await countTokens(text, eventLoop);
    }
    return read;
  }
}

/** Undefined for what is no count: a provider's numbers are not to be trusted. */
function whole(tokens: number | undefined): number | undefined {
  return Number.isSafeInteger(tokens) && Number(tokens) >= 0 ? tokens : undefined;
}

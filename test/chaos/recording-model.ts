import { streamText } from '../fakes/openai/scripts.ts';
import { type OpenAiFake, type OpenAiRequest, startOpenAiFake } from '../fakes/openai/server.ts';
import { AnswerWriter } from './numbered-answers.ts';

/** A request to the model. */
export interface RecordedRequest {
  /** The names of the questions. */
  readonly questions: readonly string[];
  /** The key of the process that asked. */
  readonly key: string;
  readonly request: OpenAiRequest;
  /** On the clock of `performance.now()`. */
  readonly at: number;
}

/** A model that answers what `question` writes, and remembers who asked it what. */
export class RecordingModel {
  readonly requests: RecordedRequest[] = [];
  readonly #answers = new AnswerWriter();
  #fake!: OpenAiFake;

  static async start(): Promise<RecordingModel> {
    const model = new RecordingModel();
    model.#fake = await startOpenAiFake({
      script: async (reply, request) => {
        const { names, words, perSecond, again, thinksMs } = asked(request.body);
        const known = names.some((name) => model.times(name) > 0);
        const key = String(request.headers.authorization).replace('Bearer ', '');
        model.requests.push({ questions: names, key, request, at: performance.now() });
        const text = model.#answers.write(names, known ? again : words);
        await streamText({ text, tokensPerSecond: perSecond, firstTokenMs: thinksMs })(
          reply,
          request,
        );
      },
    });
    return model;
  }

  get url(): string {
    return this.#fake.url;
  }

  /** How often it was asked this. */
  times(question: string): number {
    return this.requests.filter(({ questions }) => questions.includes(question)).length;
  }

  /** The latest request for this question, if there is one. */
  latest(question: string): RecordedRequest | undefined {
    return this.requests.findLast(({ questions }) => questions.includes(question));
  }

  close(): Promise<void> {
    return this.#fake.close();
  }
}

/** What answer somebody wants. */
export interface WantedAnswer {
  readonly words?: number;
  /** Tokens; about two make a word. */
  readonly perSecond?: number;
  /** How many words the answer has when the model is asked once more. */
  readonly again?: number;
  /** How long the model is silent before its first word, in milliseconds. */
  readonly thinksMs?: number;
}

/** The text of a question: its name, and what answer it wants. */
export function questionText(
  name: string,
  { words = 60, perSecond = 150, again = words, thinksMs = 0 }: WantedAnswer = {},
): string {
  return `${name} in ${words} words at ${perSecond} a second, or ${again} words, after ${thinksMs} ms`;
}

/** What is asked behind the last answer. */
function asked(body: Record<string, unknown>) {
  const messages = body['messages'] as { role: string; content: unknown }[];
  const before = messages.findLastIndex(({ role }) => role === 'assistant');
  const text = JSON.stringify(messages.slice(before + 1).map(({ content }) => content));
  const found = [
    ...text.matchAll(/\b(q\w+) in (\d+) words at (\d+) a second, or (\d+) words, after (\d+) ms/g),
  ].map(([, name = '', ...wish]) => ({ name, wish: wish.map(Number) }));
  const sum = (at: number): number => found.reduce((all, { wish }) => all + (wish[at] ?? 0), 0);
  return {
    names: found.map(({ name }) => name),
    words: sum(0),
    perSecond: Math.max(50, ...found.map(({ wish }) => wish[1] ?? 0)),
    again: sum(2),
    thinksMs: Math.max(0, ...found.map(({ wish }) => wish[3] ?? 0)),
  };
}

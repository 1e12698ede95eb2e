/** What one more answer adds to the window, and the longest window, in milliseconds. */
const windowMsPerAnswer = 0.6;
const longestWindowMs = 120;

/**
 * A `fetch` whose event streams bring a model's words a few at a time: deltas that follow each
 * other within the window arrive as one. What a delta costs on its way through the AI SDK is far
 * more than its words: one by one, the deltas of a hundred answers take a whole core. The window
 * grows with the number of answers. The first words, and everything that is no text, are not held
 * back.
 */
export function withBatchedEvents(fetch: typeof globalThis.fetch): typeof globalThis.fetch {
  let answers = 0;
  const crowd: OpenStreams = {
    opened: () => (answers += 1),
    closed: () => (answers -= 1),
    get windowMs() {
      return Math.min(longestWindowMs, answers * windowMsPerAnswer);
    },
  };
  return async (input, init) => {
    const response = await fetch(input, init);
    const type = response.headers.get('content-type') ?? '';
    if (!response.ok || response.body === null || !type.startsWith('text/event-stream')) {
      return response;
    }
    const { status, statusText, headers } = response;
    return new Response(batchEvents(response.body, crowd), { status, statusText, headers });
  };
}

const eventEnd = /\r\n\r\n|\n\n|\r\r/;

/** The answers that come in at the same time. */
interface OpenStreams {
  opened(): void;
  closed(): void;
  readonly windowMs: number;
}

function batchEvents(
  body: ReadableStream<Uint8Array>,
  crowd: OpenStreams,
): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  const encoder = new TextEncoder();
  let rest = '';
  /** As much of its end as may be the beginning of an event's. */
  let last = '';
  let held: Delta | undefined;
  let flushedAt = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;
  let ended = false;
  let failure: { readonly error: unknown } | undefined;
  const end = (): boolean => {
    if (ended) return false;
    ended = true;
    crowd.closed();
    return true;
  };
  crowd.opened();

  return new ReadableStream<Uint8Array>({
    start(controller) {
      const send = (event: string): void => controller.enqueue(encoder.encode(`${event}\n\n`));
      const flush = (): void => {
        clearTimeout(timer);
        timer = undefined;
        if (held === undefined || ended) return;
        // Chat Completions begins with a delta without a word.
        if (held.text !== '') flushedAt = performance.now();
        send(held.write());
        held = undefined;
      };
      const take = (event: string): void => {
        if (ended) return;
        const delta = deltaIn(event);
        if (delta === undefined) {
          flush();
          send(event);
          return;
        }
        if (held === undefined || !held.append(delta)) {
          flush();
          held = delta;
        }
        const waitMs = flushedAt + crowd.windowMs - performance.now();
        if (waitMs <= 0) flush();
        else timer ??= setTimeout(flush, waitMs);
      };
      const pump = async (): Promise<void> => {
        for (;;) {
          const { done, value } = await reader.read();
          const more = done ? decoder.decode() : decoder.decode(value, { stream: true });
          // What is held of an event that does not end is not looked through again.
          const ends = eventEnd.test(last + more);
          rest += more;
          last = (last + more).slice(-3);
          if (ends) {
            const events = rest.split(eventEnd);
            rest = events.pop() ?? '';
            last = rest.slice(-3);
            for (const event of events) take(event);
          }
          if (!done) continue;
          flush();
          if (rest !== '') controller.enqueue(encoder.encode(rest));
          if (end()) controller.close();
          return;
        }
      };
      pump().catch((error: unknown) => {
        if (ended) return;
        // What arrived before the line broke was said; an error would throw it away.
        flush();
        end();
        failure = { error };
        if ((controller.desiredSize ?? 0) > 0) controller.error(error);
      });
    },
    pull(controller) {
      if (failure !== undefined) controller.error(failure.error);
    },
    async cancel(reason) {
      end();
      clearTimeout(timer);
      await reader.cancel(reason);
    },
  });
}

/** An event that brings nothing but text, of either API. */
interface Delta {
  /** Takes the text of the next one in; false if that belongs to something else. */
  append(next: Delta): boolean;
  write(): string;
  readonly text: string;
  /** What it belongs to. */
  readonly of: string;
}

interface ChatChunk {
  readonly id?: unknown;
  readonly usage?: unknown;
  readonly choices?: readonly {
    readonly index?: unknown;
    readonly finish_reason?: unknown;
    readonly logprobs?: unknown;
    readonly delta?: Readonly<Record<string, unknown>>;
  }[];
}

interface ResponsesDelta {
  readonly type?: unknown;
  readonly item_id?: unknown;
  readonly content_index?: unknown;
  readonly output_index?: unknown;
  readonly delta?: unknown;
}

function deltaIn(event: string): Delta | undefined {
  const at = event.lastIndexOf('data:');
  if (at < 0 || event.includes('\n', at)) return undefined;
  const data = event.slice(at + 5);
  // Most of what is no delta is told by that alone.
  if (!data.includes('delta')) return undefined;
  let value: ChatChunk & ResponsesDelta;
  try {
    value = JSON.parse(data) as ChatChunk & ResponsesDelta;
  } catch {
    // Whatever it is, the SDK has its own way to say so.
    return undefined;
  }
  const before = event.slice(0, at);
  if (value.type === 'response.output_text.delta' && typeof value.delta === 'string') {
    const of = JSON.stringify([value.item_id, value.output_index, value.content_index]);
    return deltaOf(
      of,
      value.delta,
      (delta) => `${before}data: ${JSON.stringify({ ...value, delta })}`,
    );
  }
  const [choice, ...others] = value.choices ?? [];
  const { content, ...more } = choice?.delta ?? {};
  if (choice === undefined || others.length > 0 || typeof content !== 'string') return undefined;
  if (choice.finish_reason != null || choice.logprobs != null || value.usage != null)
    return undefined;
  if (Object.keys(more).some((name) => name !== 'role')) return undefined;
  const of = JSON.stringify([value.id, choice.index]);
  return deltaOf(of, content, (text) => {
    const delta = { ...choice.delta, content: text };
    return `${before}data: ${JSON.stringify({ ...value, choices: [{ ...choice, delta }] })}`;
  });
}

function deltaOf(of: string, first: string, write: (text: string) => string): Delta {
  let text = first;
  return {
    of,
    get text() {
      return text;
    },
    append(next) {
      if (next.of !== of) return false;
      text += next.text;
      return true;
    },
    write: () => write(text),
  };
}

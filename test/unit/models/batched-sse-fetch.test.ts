import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { withBatchedEvents } from '../../../src/models/batched-sse-fetch.ts';

/** An event stream in the test's hands, and what comes out of it. */
class Line {
  readonly seen: string[] = [];
  ended: 'open' | 'closed' | 'failed' = 'open';
  cancelled = false;
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;

  async open(fetch: typeof globalThis.fetch): Promise<this> {
    this.#reader = (await fetch('http://model.test')).body!.getReader();
    void this.#read(this.#reader);
    return this;
  }

  response(type = 'text/event-stream; charset=utf-8'): Response {
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => void (this.#controller = controller),
      cancel: () => void (this.cancelled = true),
    });
    return new Response(body, { headers: { 'content-type': type } });
  }

  send(text: string): Promise<void> {
    return this.sendBytes(new TextEncoder().encode(text));
  }

  async sendBytes(bytes: Uint8Array): Promise<void> {
    this.#controller.enqueue(bytes);
    await vi.advanceTimersByTimeAsync(0);
  }

  async chat(content: string): Promise<void> {
    const chunk = { id: 'c1', choices: [{ index: 0, delta: { content }, finish_reason: null }] };
    await this.send(`data: ${JSON.stringify(chunk)}\n\n`);
  }

  async close(): Promise<void> {
    this.#controller.close();
    await vi.advanceTimersByTimeAsync(0);
  }

  async break(): Promise<void> {
    this.#controller.error(new Error('reset'));
    await vi.advanceTimersByTimeAsync(0);
  }

  async leave(): Promise<void> {
    await this.#reader?.cancel();
  }

  /** The words of each event that came out. */
  get words(): unknown[] {
    return this.seen
      .join('')
      .split('\n\n')
      .filter((event) => event.startsWith('data: {'))
      .map((event) => JSON.parse(event.slice(6)) as { choices: { delta: { content: string } }[] })
      .map(({ choices }) => choices[0]!.delta.content);
  }

  async #read(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        this.seen.push(new TextDecoder().decode(value));
      }
      this.ended = 'closed';
    } catch {
      this.ended = 'failed';
    }
  }
}

let fetch: typeof globalThis.fetch;
const waiting: Line[] = [];

/** So many answers at once, the first of them to be looked at. */
async function lines(count: number): Promise<Line> {
  const opened = Array.from({ length: count }, () => new Line());
  waiting.push(...opened);
  for (const line of opened) await line.open(fetch);
  return opened[0]!;
}

beforeEach(() => {
  vi.useFakeTimers();
  waiting.length = 0;
  fetch = withBatchedEvents(() => Promise.resolve(waiting.shift()!.response()));
});
afterEach(() => {
  vi.useRealTimers();
});

describe('gathered', () => {
  it('lets the first words through at once, and the next ones together', async () => {
    const line = await lines(100);
    await line.chat('One');
    expect(line.words).toEqual(['One']);
    await line.chat(' two');
    await line.chat(' three');
    expect(line.words).toEqual(['One']);
    await vi.advanceTimersByTimeAsync(60);
    expect(line.words).toEqual(['One', ' two three']);
  });

  it('holds words longer the more answers there are, and hardly for one', async () => {
    const alone = await lines(1);
    await alone.chat('One');
    await vi.advanceTimersByTimeAsync(1);
    await alone.chat(' two');
    expect(alone.words).toEqual(['One', ' two']);
    const crowded = await lines(400);
    await crowded.chat('One');
    await crowded.chat(' two');
    await vi.advanceTimersByTimeAsync(119);
    expect(crowded.words).toEqual(['One']);
    await vi.advanceTimersByTimeAsync(2);
    expect(crowded.words).toEqual(['One', ' two']);
  });

  it('passes everything else on as it is, behind the words before it', async () => {
    const line = await lines(100);
    await line.chat('One');
    await line.chat(' two');
    await line.send(': a comment\n\n');
    await line.send('data: {"choices":[{"delta":{"content":"x","tool_calls":[]}}]}\n\n');
    await line.send('data: {"broken\n\ndata: [DONE]\n\n');
    expect(line.seen.join('').split('\n\n').slice(1)).toEqual([
      expect.stringContaining('" two"'),
      ': a comment',
      'data: {"choices":[{"delta":{"content":"x","tool_calls":[]}}]}',
      'data: {"broken',
      'data: [DONE]',
      '',
    ]);
  });

  it('puts words together that belong together, by the Responses API, too', async () => {
    const line = await lines(100);
    const event = (item_id: string, delta: string): string => {
      const data = { type: 'response.output_text.delta', item_id, delta };
      return `event: response.output_text.delta\ndata: ${JSON.stringify(data)}\n\n`;
    };
    await line.send(event('a', 'One'));
    await line.send(event('a', ' two') + event('a', ' three') + event('b', 'Four'));
    await vi.advanceTimersByTimeAsync(60);
    expect(line.seen.join('')).toBe(
      event('a', 'One') + event('a', ' two three') + event('b', 'Four'),
    );
  });

  it('reads events that are torn anywhere, a character included', async () => {
    const line = await lines(1);
    const whole = new TextEncoder().encode(
      'data: {"id":"c","choices":[{"index":0,"delta":{"content":"grün 🍀"}}]}\r\n\r\n',
    );
    for (const byte of whole) await line.sendBytes(Uint8Array.of(byte));
    await vi.advanceTimersByTimeAsync(10);
    expect(line.words).toEqual(['grün 🍀']);
  });

  it('loses no words to a line that breaks or ends', async () => {
    const broken = await lines(100);
    await broken.chat('One');
    await broken.chat(' two');
    await broken.break();
    expect(broken.words).toEqual(['One', ' two']);
    expect(broken.ended).toBe('failed');
    const ended = await lines(100);
    await ended.chat('One');
    await ended.chat(' two');
    await ended.send('data: unfinished');
    await ended.close();
    expect(ended.seen.join('')).toMatch(/ two"[\s\S]*data: unfinished$/);
    expect(ended.ended).toBe('closed');
  });

  it('hangs up when nobody reads any more', async () => {
    const line = await lines(100);
    await line.chat('One');
    await line.chat(' two');
    await line.leave();
    expect(line.cancelled).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('leaves what is no event stream alone', async () => {
    const plain = new Response('{"error":1}', { headers: { 'content-type': 'application/json' } });
    const same = await withBatchedEvents(() => Promise.resolve(plain))('http://model.test');
    expect(same).toBe(plain);
  });
});

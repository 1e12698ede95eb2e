import { LLMock } from '@copilotkit/aimock';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { BadConfiguration } from '../../src/core/domain/errors.ts';
import { defaultModel, openAiModel } from '../../src/models/openai-client.ts';
import { recordingLog } from '../fakes/recording-log.ts';
import { collectAnswer, modelRoutes } from '../fakes/openai/collect-answer.ts';
import { inTurn, sampleText, streamText, tokensOf } from '../fakes/openai/scripts.ts';
import { type OpenAiFake, startOpenAiFake } from '../fakes/openai/server.ts';

let fake: OpenAiFake;
beforeEach(async () => {
  fake = await startOpenAiFake();
});
afterEach(() => fake.close());

/** A promise that the test keeps in its hand. */
function gate() {
  return Promise.withResolvers<void>();
}

const compatibleChat = modelRoutes.find(({ name }) => name.includes('server by Chat'))?.modelAt;

describe.each(modelRoutes)('$name', ({ modelAt }) => {
  test('hands on every word in order, then the end with what it cost', async () => {
    const text = sampleText(2_000);
    fake.use(streamText({ text, tokensPerSecond: Infinity }));

    const heard = await collectAnswer(modelAt(fake.url));

    expect(heard.text).toBe(text);
    expect(heard.end).toEqual({
      type: 'end',
      reason: 'complete',
      usage: { inputTokens: 10, outputTokens: tokensOf(text).length },
    });
  });

  test('the first piece is there while the rest is still being written', async () => {
    const seen = gate();
    fake.use(async (reply) => {
      reply.text('First');
      await seen.promise;
      reply.text(', rest.').finish();
    });

    const heard = await collectAnswer(modelAt(fake.url), { onDelta: () => seen.resolve() });

    expect(heard.deltas).toEqual(['First', ', rest.']);
  });

  test('asks for a stream, with persona and dialogue, and lets nothing be stored', async () => {
    fake.use((reply) => reply.text('Yes.').finish());

    await collectAnswer(modelAt(fake.url), {
      messages: [
        { role: 'user', text: 'one' },
        { role: 'assistant', text: 'two' },
        { role: 'user', text: 'three' },
        { role: 'user', text: 'four' },
      ],
    });

    const [{ body, headers, api }] = fake.requests as [OpenAiFake['requests'][number]];
    expect(body).toMatchObject({ model: 'fake', stream: true });
    const sent = JSON.stringify(api === 'chat' ? body.messages : body.input);
    for (const words of ['Answer.', 'one', 'two', 'three', 'four']) expect(sent).toContain(words);
    expect(headers.authorization).toBe('Bearer sk-secret-1');
    // Compatible servers know no such field, and keep nothing.
    const mayStore = body.store !== false && modelAt !== compatibleChat;
    expect(mayStore).toBe(false);
  });

  test('an answer that the model cut at its own limit ends so', async () => {
    fake.use((reply) => reply.text('As far as I may').finish('length'));

    const heard = await collectAnswer(modelAt(fake.url));

    expect(heard).toMatchObject({ text: 'As far as I may', end: { reason: 'length' } });
  });

  test('blanks at the start stay with the text they belong to', async () => {
    fake.use((reply) => reply.text('  ', '  ', 'indented').finish());

    const heard = await collectAnswer(modelAt(fake.url));

    expect(heard.text).toBe('    indented');
  });

  test('an aborted answer throws the reason at once and hangs up', async () => {
    fake.use((reply) => reply.text('Half an ').gone());
    const order = new AbortController();
    const reason = new Error('stop, please');

    const heard = await collectAnswer(modelAt(fake.url), {
      signal: order.signal,
      onDelta: () => order.abort(reason),
    });

    expect(heard).toMatchObject({ text: 'Half an ', error: reason });
    await vi.waitFor(() => expect(fake.requests[0]?.endedBy).toBe('client'));
  });

  test('an abort before the headers throws the reason and hangs up', async () => {
    const order = new AbortController();
    const reason = new Error('stop, please');
    fake.use((reply) => {
      order.abort(reason);
      return reply.gone();
    });

    const heard = await collectAnswer(modelAt(fake.url), { signal: order.signal });

    expect(heard.error).toBe(reason);
    expect(fake.requests).toHaveLength(1);
    await vi.waitFor(() => expect(fake.requests[0]?.endedBy).toBe('client'));
  });

  test('an abort while it waits to ask again throws the reason and asks no more', async () => {
    const order = new AbortController();
    const reason = new Error('stop, please');
    fake.use((reply) => {
      reply.status(429, { error: { message: 'later' } }, { 'retry-after': '30' });
    });
    const log = { ...recordingLog(), warn: () => order.abort(reason) };

    const heard = await collectAnswer(modelAt(fake.url, { log }), { signal: order.signal });

    expect(heard.error).toBe(reason);
    expect(fake.requests).toHaveLength(1);
  });

  test('a signal that has aborted already makes no request', async () => {
    const reason = new Error('too late');

    const heard = await collectAnswer(modelAt(fake.url), { signal: AbortSignal.abort(reason) });

    expect(heard.error).toBe(reason);
    expect(fake.requests).toHaveLength(0);
  });

  test('a reader who walks away hangs up', async () => {
    fake.use((reply) => reply.text('One', ' two').gone());

    const stream = modelAt(fake.url).stream({
      instructions: '',
      messages: [{ role: 'user', text: 'hello' }],
      signal: new AbortController().signal,
    });
    for await (const event of stream) {
      expect(event).toEqual({ type: 'delta', text: 'One' });
      break;
    }

    await vi.waitFor(() => expect(fake.requests[0]?.endedBy).toBe('client'));
  });

  test('a slow reader is not taken for a silent model', async () => {
    fake.use((reply) => reply.text('One', ' two').finish());
    const timeouts = { firstTokenMs: 20_000, stallMs: 300 };

    const heard = await collectAnswer(modelAt(fake.url, { timeouts }), {
      onDelta: () => new Promise((resolve) => setTimeout(resolve, 600)),
    });

    expect(heard).toMatchObject({ text: 'One two', error: undefined });
  });

  test('waits as long as the provider asks before it asks again', async () => {
    const log = recordingLog();
    fake.use(
      inTurn(
        (reply) => reply.status(429, { error: { message: 'later' } }, { 'retry-after-ms': '300' }),
        (reply) => reply.text('Now.').finish(),
      ),
    );

    const heard = await collectAnswer(modelAt(fake.url, { log }));

    expect(heard.text).toBe('Now.');
    expect(log.events[0]?.fields.delayMs).toBeGreaterThanOrEqual(300);
  });

  test('each retry is one warning with its cause, and no log or error quotes anybody', async () => {
    const secret = 'the-question-of-a-person';
    const log = recordingLog();
    const printed = vi.spyOn(process.stderr, 'write');
    const console = (['log', 'warn', 'error'] as const).map((method) =>
      vi.spyOn(globalThis.console, method),
    );
    onTestFinished(() => void vi.restoreAllMocks());
    fake.use(
      inTurn(
        (reply) => reply.status(503, { error: { message: 'busy; key sk-secret-1 was fine' } }),
        (reply) => reply.begin().cut(),
        (reply) => reply.text('the-answer').data('{"the-answer').finish(),
      ),
    );

    const heard = await collectAnswer(modelAt(fake.url, { log }), {
      messages: [{ role: 'user', text: secret }],
    });

    expect(heard.fault).toBe('malformed');
    expect(log.events.map(({ level, fields }) => [level, fields.fault])).toEqual([
      ['warn', 'overloaded'],
      ['warn', 'cut'],
    ]);
    const errors = [...log.events.map(({ fields }) => fields.err), heard.error];
    const told = everythingIn([...log.events, ...errors]);
    expect(told).toContain('status 503');
    for (const words of [secret, 'the-answer', 'sk-secret-1']) expect(told).not.toContain(words);
    for (const method of console) expect(method).not.toHaveBeenCalled();
    expect(printed).not.toHaveBeenCalled();
  });
});

/** All text in values, through hidden properties and causes. */
function everythingIn(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  return Reflect.ownKeys(value)
    .map((key) => everythingIn(Reflect.get(value, key)))
    .join('\n');
}

describe.concurrent('reasoning', () => {
  const thinkers = modelRoutes.filter(({ name }) => name !== 'OpenAI by Chat Completions');

  test.for(thinkers)('$name: is a sign of life, and no text', async ({ modelAt }, test) => {
    const fake = await startOpenAiFake({
      async script(reply) {
        reply.begin();
        for (let thoughts = 0; thoughts < 10; thoughts += 1) {
          reply.reasoning('Hm. ');
          await new Promise((resolve) => setTimeout(resolve, 250));
        }
        reply.text('Done.').finish();
      },
    });
    test.onTestFinished(() => fake.close());
    // Longer than a thought, shorter than all of them.
    const timeouts = { firstTokenMs: 1_500, stallMs: 1_500 };

    const heard = await collectAnswer(modelAt(fake.url, { timeouts }));

    expect(heard).toMatchObject({ deltas: ['Done.'], error: undefined });
    expect(fake.requests).toHaveLength(1);
  });

  test.for(thinkers)('$name: may also pause in the middle', async ({ modelAt }, test) => {
    const fake = await startOpenAiFake({
      async script(reply) {
        reply.text('First.').reasoning('Hm.');
        await new Promise((resolve) => setTimeout(resolve, 1_500));
        reply.text('Then.').finish();
      },
    });
    test.onTestFinished(() => fake.close());
    const timeouts = { firstTokenMs: 20_000, stallMs: 700 };

    const heard = await collectAnswer(modelAt(fake.url, { timeouts }));

    expect(heard.error).toBeUndefined();
    expect(heard.deltas.at(-1)).toContain('Then.');
  });
});

describe('a word interrupted by reasoning', () => {
  test('stays one word where an answer is one message', async () => {
    fake.use((reply) => reply.text('inter').reasoning('Hm.').text('rupted').finish());

    const heard = await collectAnswer(
      openAiModel({ baseUrl: fake.url, model: 'llama', log: recordingLog() }),
    );

    expect(heard.text).toBe('interrupted');
  });
});

describe('several messages in one answer', () => {
  const byResponses = modelRoutes.filter(({ name }) => name.endsWith('Responses'));
  test.each(byResponses)('$name: stand apart as paragraphs', async ({ modelAt }) => {
    fake.use((reply) =>
      reply.text('Let me', ' see.').endMessage().text('It is', ' four.').finish(),
    );

    const heard = await collectAnswer(modelAt(fake.url));

    expect(heard.text).toBe('Let me see.\n\nIt is four.');
  });
});

describe('what a model needs', () => {
  test('a server of one’s own needs no key', async () => {
    fake.use((reply) => reply.text('Free.').finish());

    const heard = await collectAnswer(
      openAiModel({ baseUrl: fake.url, model: 'llama', log: recordingLog() }),
    );

    expect(heard.text).toBe('Free.');
    expect(fake.requests[0]?.api).toBe('chat');
    expect(fake.requests[0]?.headers.authorization).toBeUndefined();
  });

  test('a key from the environment goes nowhere', async () => {
    vi.stubEnv('OPENAI_API_KEY', 'sk-not-asked-for');
    onTestFinished(() => void vi.unstubAllEnvs());
    fake.use((reply) => reply.text('Free.').finish());

    for (const api of ['chat', 'responses'] as const) {
      await collectAnswer(
        openAiModel({ baseUrl: fake.url, api, model: 'llama', log: recordingLog() }),
      );
    }

    expect(fake.requests.map(({ api }) => api)).toEqual(['chat', 'responses']);
    const sent = JSON.stringify(fake.requests.map(({ headers }) => headers));
    expect(sent).not.toContain('sk-not-asked-for');
  });

  test('OpenAI needs one, wherever the environment has another', () => {
    vi.stubEnv('OPENAI_API_KEY', 'sk-not-asked-for');
    onTestFinished(() => void vi.unstubAllEnvs());

    expect(() => openAiModel({ model: defaultModel, log: recordingLog() })).toThrow(
      BadConfiguration,
    );
  });
});

describe('against aimock', () => {
  let mock: LLMock;
  beforeEach(async () => {
    mock = await LLMock.create({ port: 0, logLevel: 'silent' });
  });
  afterEach(() => mock.stop());

  test.each(modelRoutes)('$name: a streamed answer', async ({ modelAt }) => {
    const text = sampleText(800);
    mock.onMessage('hello', { content: text }, { chunkSize: 5 });

    const heard = await collectAnswer(modelAt(`${mock.url}/v1`));

    expect(heard.text).toBe(text);
    expect(heard.end).toMatchObject({ reason: 'complete' });
  });

  test.each(modelRoutes)('$name: a rate limit, then the answer', async ({ modelAt }) => {
    const error = { message: 'Slow down', type: 'rate_limit_error' };
    mock.on({ userMessage: 'hello', sequenceIndex: 0 }, { error, status: 429, retryAfter: 0 });
    mock.on({ userMessage: 'hello', sequenceIndex: 1 }, { content: 'At last.' });

    const heard = await collectAnswer(modelAt(`${mock.url}/v1`));

    expect(heard.text).toBe('At last.');
    expect(mock.getRequests()).toHaveLength(2);
  });

  test.each(modelRoutes)('$name: a connection cut in the middle', async ({ modelAt }) => {
    mock.onMessage(
      'hello',
      { content: sampleText(400) },
      { chunkSize: 5, latency: 5, truncateAfterChunks: 20 },
    );

    const heard = await collectAnswer(modelAt(`${mock.url}/v1`));

    expect(heard.fault).toBe('cut');
    expect(sampleText(400).startsWith(heard.text)).toBe(true);
    expect(heard.text).not.toBe('');
    expect(heard.end).toBeUndefined();
  });
});

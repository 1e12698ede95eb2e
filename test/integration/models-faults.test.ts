import { inspect } from 'node:util';
import { describe, expect, test, vi } from 'vitest';
import type { ErrorBody } from '../fakes/openai/dialect.ts';
import { startOpenAiFake } from '../fakes/openai/server.ts';
import type { Script } from '../fakes/openai/server.ts';
import { fastRetries, collectAnswer, modelRoutes } from '../fakes/openai/collect-answer.ts';
import { inTurn } from '../fakes/openai/scripts.ts';

const good: Script = (reply) => reply.text('All ', 'well.').finish();
const rateLimited = {
  error: { message: 'Rate limit reached', type: 'requests', code: 'rate_limit_exceeded' },
};

interface Row {
  readonly what: string;
  readonly script: Script;
  /** The text that the caller saw before the fault. */
  readonly text?: string;
  readonly fault: string;
  readonly requests: number;
}

const tries = 3;

const table: Row[] = [
  // Refused before the stream.
  status(401, { message: 'Incorrect API key', code: 'invalid_api_key' }, 'unauthorized', 1),
  status(403, { message: 'Not allowed' }, 'unauthorized', 1),
  status(404, { message: 'No such model', code: 'model_not_found' }, 'unknown-model', 1),
  status(429, rateLimited.error, 'rate-limited', tries),
  status(
    429,
    { message: 'Check your plan', type: 'insufficient_quota', code: 'insufficient_quota' },
    'quota',
    1,
  ),
  status(400, { message: 'Too long', code: 'context_length_exceeded' }, 'too-long', 1),
  status(400, { message: "This model's maximum context length is 8192 tokens" }, 'too-long', 1),
  status(400, { message: 'Unsupported parameter', code: 'unsupported' }, 'unknown', 1),
  ...[408, 409, 500, 502, 503, 504, 529].map((code) =>
    status(code, { message: 'Try again' }, 'overloaded', tries),
  ),
  {
    what: 'a gateway that answers 502 with a web page',
    script: (reply) => reply.status(502, '<html>Bad gateway</html>'),
    fault: 'overloaded',
    requests: tries,
  },
  {
    what: 'a wrong address that answers 200 with a web page',
    script: (reply) => reply.status(200, '<html>Welcome</html>'),
    fault: 'malformed',
    requests: 1,
  },
  {
    what: 'a server that does not stream and answers with JSON',
    script: (reply) => reply.status(200, { choices: [] }),
    fault: 'malformed',
    requests: 1,
  },
  {
    what: 'a rate limit that lasts for minutes',
    script: (reply) => reply.status(429, rateLimited, { 'retry-after': '60' }),
    fault: 'rate-limited',
    requests: 1,
  },

  // Broken before any text: asked again.
  {
    what: 'an error frame before any text',
    script: (reply) =>
      reply.begin().errorFrame({ message: 'Sorry', type: 'server_error', code: 'server_error' }),
    fault: 'overloaded',
    requests: tries,
  },
  {
    what: 'a rate limit told in an error frame',
    script: (reply) => reply.begin().errorFrame(rateLimited.error),
    fault: 'rate-limited',
    requests: tries,
  },
  {
    what: 'a spent quota told in an error frame',
    script: (reply) => reply.begin().errorFrame({ message: 'Pay', code: 'insufficient_quota' }),
    fault: 'quota',
    requests: 1,
  },
  {
    what: 'a cut instead of headers',
    script: (reply) => reply.cut(),
    fault: 'cut',
    requests: tries,
  },
  {
    what: 'a cut before any text',
    script: (reply) => reply.begin().cut(),
    fault: 'cut',
    requests: tries,
  },
  {
    what: 'a close before any text',
    script: (reply) => reply.begin().close(),
    fault: 'cut',
    requests: tries,
  },
  {
    what: 'an empty 200',
    script: (reply) => reply.headers({}).close(),
    fault: 'cut',
    requests: tries,
  },
  {
    what: 'silence before the headers',
    script: (reply) => reply.gone(),
    fault: 'stalled',
    requests: 2,
  },
  {
    what: 'silence after the headers',
    script: (reply) => reply.headers().gone(),
    fault: 'stalled',
    requests: 2,
  },
  {
    what: 'silence before the first text',
    script: (reply) => reply.begin().gone(),
    fault: 'stalled',
    requests: 2,
  },
  {
    what: 'pings and nothing else',
    script: async (reply) => {
      const pings = setInterval(() => reply.comment(), 10);
      await reply.gone();
      clearInterval(pings);
    },
    fault: 'stalled',
    requests: 2,
  },
  {
    what: 'a whole answer without a word',
    script: (reply) => reply.begin().finish(),
    fault: 'empty',
    requests: 2,
  },
  {
    what: 'an answer of blanks',
    script: (reply) => reply.text(' ', '\n\n', '\t').finish(),
    fault: 'empty',
    requests: 2,
  },
  {
    what: 'a malformed frame before any text',
    script: (reply) => reply.begin().data('{"broken').text('Never seen').finish(),
    fault: 'malformed',
    requests: 1,
  },
  {
    what: 'a filtered question',
    script: (reply) => reply.begin().finish('content-filter'),
    fault: 'refused',
    requests: 1,
  },

  // Broken after text: the text stays, nobody asks again.
  {
    what: 'an error frame after text',
    script: (reply) =>
      reply.text('Half an ').errorFrame({ message: 'Sorry', type: 'server_error' }),
    text: 'Half an ',
    fault: 'overloaded',
    requests: 1,
  },
  {
    what: 'a cut after text',
    script: (reply) => reply.text('Half an ').cut(),
    text: 'Half an ',
    fault: 'cut',
    requests: 1,
  },
  {
    what: 'a close after text',
    script: (reply) => reply.text('Half an ').close(),
    text: 'Half an ',
    fault: 'cut',
    requests: 1,
  },
  {
    what: 'silence between two tokens',
    script: (reply) => reply.text('Half an ').gone(),
    text: 'Half an ',
    fault: 'stalled',
    requests: 1,
  },
  {
    what: 'a malformed frame in the middle',
    script: (reply) => reply.text('Half an ').data('{"broken').text('answer').finish(),
    text: 'Half an ',
    fault: 'malformed',
    requests: 1,
  },
  {
    what: 'an answer filtered in the middle',
    script: (reply) => reply.text('Half an ').finish('content-filter'),
    text: 'Half an ',
    fault: 'refused',
    requests: 1,
  },
];

function status(code: number, error: ErrorBody, fault: string, requests: number): Row {
  return {
    what: `HTTP ${code} ${error.code ?? error.message}`,
    script: (reply) => reply.status(code, { error }),
    fault,
    requests,
  };
}

/**
 * Silence is noticed soon where it is tested, and late elsewhere: a busy machine is no fault.
 * One retry shows as much as two, in less time.
 */
function settingsFor({ fault }: Row) {
  const isSilence = fault === 'stalled';
  const silenceMs = isSilence ? 1_500 : 20_000;
  return {
    timeouts: { firstTokenMs: silenceMs, stallMs: silenceMs },
    retries: { ...fastRetries, tries: isSilence ? 2 : 3 },
  };
}

describe.concurrent.each(modelRoutes)('$name', ({ modelAt }) => {
  test.for(table)('$what', async (row, { onTestFinished }) => {
    const fake = await startOpenAiFake({ script: row.script });
    onTestFinished(() => fake.close());

    const heard = await collectAnswer(modelAt(fake.url, settingsFor(row)));

    expect(heard).toMatchObject({ text: row.text ?? '', fault: row.fault, end: undefined });
    expect(fake.requests).toHaveLength(row.requests);
    // Nothing is left running, neither of the last request nor of the ones before.
    await vi.waitFor(() => expect(fake.requests.every((request) => request.endedBy)).toBe(true));
  });

  test.for(table.filter(({ requests }) => requests > 1))(
    'answers after $what, once',
    async (row, { onTestFinished }) => {
      const fake = await startOpenAiFake({ script: inTurn(row.script, good) });
      onTestFinished(() => fake.close());

      const heard = await collectAnswer(modelAt(fake.url, settingsFor(row)));

      expect(heard).toMatchObject({ text: 'All well.', error: undefined });
      expect(fake.requests).toHaveLength(2);
    },
  );

  test('an error that quotes the prompt tells none of it', async ({ onTestFinished }) => {
    const text = 'My boss Ann Droid has the flu.';
    const script: Script = (reply) =>
      reply.status(400, { error: { message: `Invalid content: ${text}`, param: 'messages' } });
    const fake = await startOpenAiFake({ script });
    onTestFinished(() => fake.close());

    const { error } = await collectAnswer(modelAt(fake.url), {
      messages: [{ role: 'user', text }],
    });

    expect(String(error)).toContain('Invalid content: […]');
    expect(inspect(error, { depth: null })).not.toContain('Ann Droid');
  });

  test('a server that is not there', async () => {
    const fake = await startOpenAiFake();
    await fake.close();

    const heard = await collectAnswer(modelAt(fake.url));

    expect(heard).toMatchObject({ text: '', fault: 'unreachable' });
  });
});

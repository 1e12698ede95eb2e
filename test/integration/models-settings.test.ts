import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  warnOfWrongSettings,
  inspectSettings,
  type Server,
} from '../../src/models/doctor/settings-check.ts';
import { recordingLog } from '../fakes/recording-log.ts';
import { startOpenAiFake } from '../fakes/openai/server.ts';
import { freePort } from '../redis/server.ts';

const { signal } = new AbortController();

async function fakeWith(options: Parameters<typeof startOpenAiFake>[0]) {
  const fake = await startOpenAiFake(options);
  onTestFinished(() => fake.close());
  return fake;
}

/** A server that is no model’s. */
async function serverWith(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function look(baseUrl: string, server: Server = {}, ...models: string[]) {
  return inspectSettings({ baseUrl, ...server }, models, signal);
}

/** Sends what is meant for OpenAI to another address. */
const insteadOfOpenAi =
  (url: string): typeof globalThis.fetch =>
  (input, init) =>
    fetch((input as string).replace('https://api.openai.com/v1', url), init);

describe('a server that lists its models', () => {
  it('is asked nothing else, and takes what is right', async () => {
    const models = ['large-1', 'llama3:latest', 'models/flash', 'openrouter/x'];
    const fake = await fakeWith({ key: 'k-right', models });
    const asked = ['large-1', 'llama3', 'flash', 'openrouter/x:free'];
    const found = await look(fake.url, { apiKey: 'k-right' }, ...asked);
    expect(found).toEqual({ answers: true, faults: [] });
    expect(fake.requests).toEqual([]);
  });

  it('does not accept the key, or wants one', async () => {
    const fake = await fakeWith({ key: 'k-right', models: ['large-1'] });
    const wrong = await look(fake.url, { apiKey: 'k-wrong' }, 'large-1');
    expect(wrong.faults).toEqual([
      {
        setting: 'OPENAI_API_KEY',
        detail: `${fake.url} does not accept the key (status 401)`,
        remedy: expect.stringContaining('platform.openai.com/api-keys') as string,
      },
    ]);
    const none = await look(fake.url, {}, 'large-1');
    expect(none.faults[0]?.detail).toBe(`${fake.url} wants a key (status 401)`);
  });

  it('lists other models: those that are called alike are named, and what may be is not denied', async () => {
    const others = Array.from({ length: 2_000 }, (_, at) => `other-${at}`);
    const fake = await fakeWith({ models: [...others, 'gpt-6-luna\n\u001b[1m', 'gpt-6-sol'] });
    const { faults } = await look(fake.url, {}, 'gpt-6-lunar', 'gpt-6-sol', 'x');
    expect(faults.map(({ setting }) => setting)).toEqual(['MODEL', 'MODEL']);
    expect(faults[0]?.detail).toMatch(
      /lists gpt-6-luna \[1m, gpt-6-sol, other-0, other-1, other-2, …, and not gpt-6-lunar, though it may/,
    );
    expect(faults[1]?.detail).toContain('and not x,');
    const server = { fetch: insteadOfOpenAi(fake.url), apiKey: 'k' };
    const atOpenAi = await inspectSettings(server, ['gpt-6-lunar'], signal);
    expect(atOpenAi.faults[0]?.detail).toMatch(/^OpenAI lists .*, and not gpt-6-lunar$/);
  });
});

describe('a server without such a list', () => {
  it.each([
    ['no page', 404, '404 page not found'],
    ['no GET', 405, ''],
    ['a key that may not list', 403, '{"error":{"message":"Missing scopes: api.model.read"}}'],
    ['a list of nothing', 200, '{"object":"list","data":[]}'],
    ['one model for whatever name', 200, '{"data":[{"id":"m.gguf","owned_by":"llamacpp"}]}'],
    ['another form', 200, '["m"]'],
    ['a wrong request', 400, '{}'],
  ])('is no fault: %s', async (_, status, body) => {
    const url = await serverWith((_request, response) => response.writeHead(status).end(body));
    expect(await look(`${url}/v1`, {}, 'm')).toEqual({ answers: true, faults: [] });
  });

  it.each([429, 500, 502, 503])('that cannot answer now is asked again: %i', async (status) => {
    const url = await serverWith((_request, response) => response.writeHead(status).end());
    expect(await look(`${url}/v1`, {}, 'm')).toEqual({ answers: false, faults: [] });
  });
});

describe('a base URL', () => {
  it.each(['', '/', '/v1/chat/completions', '/v1/models/', '/chat/completions'])(
    'that ends with %j is told with the right one',
    async (end) => {
      const { url } = await fakeWith({ models: ['m'] });
      const wrong = url.replace('/v1', end);
      const { answers, faults } = await look(wrong, {}, 'm');
      expect(answers).toBe(true);
      expect(faults).toEqual([
        {
          setting: 'OPENAI_BASE_URL',
          detail: `OpenAI’s API is not at ${wrong.replace(/\/$/, '')}, but at ${url}`,
          remedy: `set OPENAI_BASE_URL=${url}`,
        },
      ]);
    },
  );

  it('that leads to a web page is told', async () => {
    const url = await serverWith((_request, response) =>
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end('<html>'),
    );
    const { faults } = await look(`${url}/v1`, {}, 'm');
    expect(faults).toEqual([
      {
        setting: 'OPENAI_BASE_URL',
        detail: `${url}/v1 answers with a web page, where OpenAI’s API lists models`,
        remedy: expect.stringContaining('ends with /v1') as string,
      },
    ]);
  });

  it('with a port that fetch blocks is told, as waiting does not help', async () => {
    const { answers, faults } = await look('http://127.0.0.1:6000/v1', {}, 'm');
    expect(answers).toBe(true);
    expect(faults[0]?.detail).toMatch(/^port 6000 cannot be used/);
    expect(faults[0]?.remedy).toMatch(/another port, such as 8000, and correct OPENAI_BASE_URL/);
  });

  it('where nothing answers is told, and one with a password, without it', async () => {
    const port = await freePort();
    const { answers, faults } = await look(`http://127.0.0.1:${port}/v1`, {}, 'm');
    expect(answers).toBe(false);
    expect(faults[0]).toMatchObject({
      setting: 'OPENAI_BASE_URL',
      detail: expect.stringMatching(/:\d+\/v1 does not answer \(connect ECONNREFUSED/) as string,
      remedy: expect.stringContaining('start the model’s server') as string,
    });
    const secret = await look(`http://me:hunter2@127.0.0.1:${port}/v1`, {}, 'm');
    expect(secret.faults[0]?.remedy).toContain('OPENAI_API_KEY');
    expect(JSON.stringify(secret)).not.toContain('hunter2');
  });

  it('that is not set is not to blame when OpenAI does not answer', async () => {
    const refused = (): Promise<Response> =>
      Promise.reject(
        new TypeError('fetch failed', {
          cause: Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' }),
        }),
      );
    const { faults } = await inspectSettings({ apiKey: 'k', fetch: refused }, ['m'], signal);
    expect(faults[0]?.detail).toMatch(/^OpenAI does not answer \(getaddrinfo ENOTFOUND/);
    expect(faults[0]?.remedy).toMatch(/reaches OpenAI.*status\.openai\.com/);
    expect(faults[0]?.remedy).not.toContain('start the model');
  });
});

describe('beside the start', () => {
  it('tells once of a server that is away, and what is wrong when it answers', async () => {
    const port = await freePort();
    const log = recordingLog();
    const server = { baseUrl: `http://127.0.0.1:${port}/v1`, apiKey: 'k-wrong' };
    const checked = warnOfWrongSettings({ server, models: ['m'], log, firstDelayMs: 5 }, signal);
    await vi.waitFor(() => expect(log.events).toHaveLength(1));
    expect(log.events.map(({ event }) => event)).toEqual([
      'the model’s server does not answer; still trying',
    ]);
    await fakeWith({ port, key: 'k-right', models: ['m'] });
    await checked;
    expect(log.events.map(({ event }) => event)).toEqual([
      'the model’s server does not answer; still trying',
      'OPENAI_API_KEY may be wrong',
      'the model’s server answers',
    ]);
  });

  it('ends with the service', async () => {
    const stopping = new AbortController();
    const log = recordingLog();
    const server = { baseUrl: `http://127.0.0.1:${await freePort()}/v1` };
    const checked = warnOfWrongSettings({ server, models: ['m'], log }, stopping.signal);
    await vi.waitFor(() => expect(log.events).toHaveLength(1));
    stopping.abort();
    await checked;
    expect(log.events).toHaveLength(1);
  });
});

import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it, onTestFinished, vi } from 'vitest';
import { startOpenAiFake } from '../fakes/openai/server.ts';
import { startParley } from '../processes/parley-process.ts';
import { leakCanaries } from '../fakes/leak-canaries.ts';
import { type Scrape, scrape } from '../fakes/scrape-metrics.ts';
import type { Message } from '../fakes/slack/message.ts';
import { startSlackFake } from '../fakes/slack/slack-fake.ts';
import { freePort } from '../redis/server.ts';
import { scopes } from '../worlds/slack-world.ts';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const slack = 'platform="slack"';

/** A real Parley process with figures, in a Slack where its first model may fail. */
async function begin() {
  let broken: 'first' | 'both' | 'none' = 'none';
  const model = await startOpenAiFake({
    script: (reply, { body }) => {
      const fails = broken === 'both' || (broken === 'first' && body['model'] === 'first');
      if (fails) return reply.status(401, { error: { code: 'invalid_api_key', message: 'no' } });
      reply.text('An answer with ', leakCanaries.words, ', whole.').finish();
    },
  });
  onTestFinished(() => model.close());
  const fake = await startSlackFake({ workspaces: [{ id: 'T1', scopes }], limits: { scale: 10 } });
  onTestFinished(() => fake.close());
  const port = await freePort();
  const parley = await startParley({
    OPENAI_BASE_URL: model.url,
    MODEL: 'first, second',
    SLACK_BOT_TOKEN: fake.botToken,
    SLACK_APP_TOKEN: fake.appToken,
    SLACK_API_URL: fake.apiUrl,
    METRICS_PORT: `${port}`,
  });
  onTestFinished(async () => void (await parley.stop()));
  const url = `http://127.0.0.1:${port}/metrics`;
  const answerTo = (root: Message): string[] =>
    fake
      .thread(root.channel, root.ts)
      .filter(({ author }) => author === 'Parley')
      .map(({ text }) => text);
  return {
    fake,
    parley,
    port,
    url,
    look: () => scrape(url),
    breaks: (which: typeof broken) => (broken = which),
    /** Asks in a channel, and gives what people read in the end. */
    ask: async (turns: number): Promise<string[]> => {
      const root = fake.person('U1').mentions('C1', `what of ${leakCanaries.words}?`);
      await vi.waitFor(
        () => expect(parley.output.split('"msg":"turn done"').length - 1).toBe(turns),
        { timeout: 20_000, interval: 20 },
      );
      return answerTo(root);
    },
  };
}

it('tells in figures what happened, and nothing of whom or what about', async () => {
  const { fake, parley, port, url, look, breaks, ask } = await begin();
  expect(parley.output).toContain('"model":"first, second"');
  expect(parley.output).toContain(`"metrics":"${url}"`);

  // Before anybody asked.
  const fresh = await look();
  expect(fresh.samples.get(`parley_turns_total{outcome="failed",${slack}}`)).toBe(0);
  expect(fresh.samples.get(`parley_questions_refused_total{${slack},reason="store"}`)).toBe(0);
  expect(fresh.samples.get(`parley_up{${slack}}`)).toBe(1);
  expect(fresh.samples.get('parley_store_up')).toBe(1);
  expect(fresh.samples.get('parley_inbox_waiting')).toBe(0);
  expect(fresh.text).toMatch(/parley_info\{version="\d+\.\d+\.\d+",node="v24\.[\d.]+"\} 1/);
  expect(fresh.names).toContain('nodejs_eventloop_lag_p99_seconds');
  expect(fresh.names).toContain('process_resident_memory_bytes');

  // One that goes well, though Slack wants a pause.
  fake.fail('chat.postMessage', { kind: 'rate-limited', retryAfterSeconds: 1 });
  expect(await ask(1)).toEqual([`An answer with ${leakCanaries.words}, whole.`]);
  const good = await look();
  expectFigures(good, {
    [`parley_questions_total{${slack}}`]: 1,
    [`parley_turns_total{outcome="done",${slack}}`]: 1,
    [`parley_turn_duration_seconds_count{${slack}}`]: 1,
    [`parley_first_text_seconds_count{${slack}}`]: 1,
    [`parley_first_text_since_asked_seconds_count{${slack}}`]: 1,
    [`parley_platform_calls_total{method="chat.postMessage",${slack},result="limited"}`]: 1,
    [`parley_platform_calls_total{method="chat.postMessage",${slack},result="ok"}`]: 1,
    'parley_model_requests_total{model="first",result="done"}': 1,
    'parley_model_first_text_seconds_count{model="first"}': 1,
    'parley_model_request_duration_seconds_count{model="first"}': 1,
    'parley_model_tokens_total{direction="input",model="first"}': 7,
    'parley_model_tokens_total{direction="output",model="first"}': 5,
    parley_model_answers_writing: 0,
    parley_model_answers_waiting: 0,
    parley_conversations_active: 0,
    parley_leases_held: 0,
    [`parley_unseen_text_oldest_seconds{${slack}}`]: 0,
  });
  // It waited a second, and people saw nothing meanwhile.
  expect(good.samples.get(`parley_unseen_text_age_seconds_sum{${slack}}`)).toBeGreaterThan(0.9);
  const since = good.samples.get(`parley_first_text_since_asked_seconds_sum{${slack}}`);
  expect(since).toBeGreaterThan(0.9);
  expect(since).toBeLessThan(20);

  // One that another model answers, and one that none does.
  breaks('first');
  expect(await ask(2)).toEqual([`An answer with ${leakCanaries.words}, whole.`]);
  expect(parley.output).toMatch(/"from":"first","to":"second","fault":"unauthorized"/);
  expect(parley.output).toMatch(/"model":"second",[^\n]*"msg":"turn done"/);
  breaks('both');
  await ask(3);
  const bad = await look();
  expectFigures(bad, {
    [`parley_turns_total{outcome="done",${slack}}`]: 2,
    [`parley_turns_total{outcome="failed",${slack}}`]: 1,
    'parley_model_requests_total{model="first",result="unauthorized"}': 2,
    'parley_model_requests_total{model="second",result="unauthorized"}': 1,
    'parley_model_requests_total{model="second",result="done"}': 1,
    'parley_model_failovers_total{from="first",to="second"}': 1,
    'parley_model_failovers_total{from="second",to="first"}': 1,
  });

  // What people say, and who they are, is nobody's business here.
  for (const word of [leakCanaries.words, leakCanaries.key, fake.botToken, 'Ann']) {
    expect(bad.text).not.toContain(word);
  }
  expect(bad.text).not.toMatch(/"[TCUDGB]1"|:C1|\d{10}\.\d{6}/);

  // Nothing else is there.
  expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(404);
  expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(404);
  expect((await fetch(url, { method: 'POST' })).status).toBe(405);
  expect(await refusalOf(port)).toMatch(
    new RegExp(`^METRICS_PORT: port ${port} is taken, by another program or by PORT; choose`),
  );
}, 60_000);

function expectFigures({ samples }: Scrape, expected: Record<string, number>): void {
  const found = Object.keys(expected).map((name) => [name, samples.get(name)]);
  expect(Object.fromEntries(found)).toEqual(expected);
}

/** What a process says that ends by itself, as its port is taken. */
async function refusalOf(port: number): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'parley-metrics-'));
  try {
    await promisify(execFile)(process.execPath, [main], {
      cwd: folder,
      env: { PATH: process.env['PATH'] ?? '', PORT: '0', METRICS_PORT: `${port}` },
      timeout: 20_000,
    });
    return 'it did not end';
  } catch (error) {
    const { code, stderr } = error as { code: number; stderr: string };
    expect(code).toBe(78);
    return stderr;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

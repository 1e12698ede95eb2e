import { randomUUID } from 'node:crypto';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it as base, vi } from 'vitest';
import { requiredScopes } from '../../src/platforms/slack/api/identify-bot.ts';
import { DiscordFake } from '../fakes/discord/discord-fake.ts';
import { streamText } from '../fakes/openai/scripts.ts';
import { type OpenAiFake, startOpenAiFake } from '../fakes/openai/server.ts';
import { type ParleyProcess, startParley, startParleyByNpm } from '../processes/parley-process.ts';
import { leakCanaries } from '../fakes/leak-canaries.ts';
import { startSlackFake } from '../fakes/slack/slack-fake.ts';
import { type Shown, WebClient } from '../fakes/web-client.ts';
import { freePort } from '../redis/server.ts';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

interface Stage {
  parleyWith(env: Record<string, string>, start?: typeof startParley): Promise<ParleyProcess>;
  modelWith(options: Parameters<typeof startOpenAiFake>[0]): Promise<OpenAiFake>;
  /** A folder for the test alone. */
  folder(): string;
  /** Does something when the test is over, the latest first. */
  finally(clean: () => unknown): void;
}

/** Tests that wait for processes of their own run beside each other. */
const it = base.extend<{ stage: Stage }>({
  // oxlint-disable-next-line no-empty-pattern -- vitest reads from it what a fixture depends on
  stage: async ({}, use) => {
    const cleanups: (() => unknown)[] = [];
    await use({
      async parleyWith(env, start = startParley) {
        const parley = await start(env);
        cleanups.push(() => parley.stop());
        return parley;
      },
      async modelWith(options) {
        const model = await startOpenAiFake(options);
        cleanups.push(() => model.close());
        return model;
      },
      folder() {
        const folder = mkdtempSync(join(tmpdir(), 'parley-stage-'));
        cleanups.push(() => rmSync(folder, { recursive: true }));
        return folder;
      },
      finally: (clean) => void cleanups.push(clean),
    });
    for (const clean of cleanups.toReversed()) await clean();
  },
});

/** A run that is expected to end by itself. */
async function runToEnd(env: Record<string, string>, cwd?: string) {
  const folder = cwd ?? mkdtempSync(join(tmpdir(), 'parley-run-'));
  try {
    await promisify(execFile)(process.execPath, [main], {
      cwd: folder,
      env: { PATH: process.env['PATH'] ?? '', PORT: '0', ...env },
      timeout: 20_000,
    });
    return { code: 0, stderr: '' };
  } catch (error) {
    const { code, stderr } = error as { code: number; stderr: string };
    return { code, stderr };
  } finally {
    if (cwd === undefined) rmSync(folder, { recursive: true });
  }
}

function whenShown(client: WebClient, conversation: string, check: (shown: Shown) => void) {
  return vi.waitFor(
    async () => {
      const shown = await client.look(conversation);
      check(shown);
      return shown;
    },
    { timeout: 15_000, interval: 30 },
  );
}

describe.concurrent('the start', () => {
  it('says where it listens, on which platforms, with which model and store', async ({ stage }) => {
    const parley = await stage.parleyWith({ OPENAI_KEY: leakCanaries.key });
    expect(parley.output).toContain('Parley talks on http://localhost:');
    expect(parley.output).toContain('"platforms":["web"],"model":"demo","store":"sqlite in ');
    expect(parley.output).toMatch(
      /^{"level":"warn",.*"where":"environment","msg":"OPENAI_KEY is no setting: OPENAI_API_KEY is"}$/m,
    );
  });

  it('names the bots, where they are, and each port, whatever the names hold', async ({
    stage,
  }) => {
    const names = ['Village', 'Two\r\nlines', '\u001b[31mred', 'D'.repeat(100), 'E', 'F', 'G'];
    const [slack, discord] = await Promise.all([
      startSlackFake({ workspaces: [{ id: 'T1', name: 'Acme\u202E', scopes: requiredScopes }] }),
      DiscordFake.start({ guilds: names.map((name) => ({ name })) }),
    ]);
    stage.finally(() => Promise.all([slack.close(), discord.stop()]));
    const metricsPort = await freePort();
    const parley = await stage.parleyWith({
      SLACK_BOT_TOKEN: slack.botToken,
      SLACK_APP_TOKEN: slack.appToken,
      SLACK_API_URL: slack.apiUrl,
      DISCORD_BOT_TOKEN: discord.token,
      DISCORD_API_URL: discord.apiUrl,
      METRICS_PORT: String(metricsPort),
    });
    const [line = ''] = /(?<="msg":")Parley talks[^"]*/.exec(parley.output) ?? [];
    expect(line.split('; ')).toEqual([
      'Parley talks',
      'Slack: @parley in Acme',
      `Discord: @Parley in 7 servers (Village, Two lines, [31mred, ${'D'.repeat(39)}…, E, …)`,
      'its page is off (WEB=on in .env switches it on)',
      `health on http://localhost:${parley.port}/healthz`,
      `metrics on http://127.0.0.1:${metricsPort}/metrics`,
    ]);
  });

  it('warns of a key and a model that cannot work, and goes on', async ({ stage }) => {
    const model = await stage.modelWith({ key: 'k-right', models: ['gpt-6-luna'] });
    const env = { OPENAI_BASE_URL: model.url, OPENAI_API_KEY: 'k-right', MODEL: 'gpt-7' };
    const [wrongKey, wrongModel] = await Promise.all([
      stage.parleyWith({ ...env, OPENAI_API_KEY: 'k-wrong' }),
      stage.parleyWith(env),
    ]);
    await vi.waitFor(() => {
      expect(wrongKey.output).toContain('"msg":"OPENAI_API_KEY may be wrong"');
      expect(wrongModel.output).toMatch(/gpt-6-luna, and not gpt-7.*"msg":"MODEL may be wrong"/);
    }, 10_000);
    for (const { url } of [wrongKey, wrongModel]) {
      expect((await fetch(`${url}/readyz`)).status).toBe(200);
    }
    expect(model.requests).toEqual([]);
  });

  it('refuses a wrong configuration with every problem and exit code 78', async () => {
    const { code, stderr } = await runToEnd({ PORT: 'abc', LOG_LEVEL: 'loud' });
    expect(code).toBe(78);
    expect(stderr).toContain('PORT must be a whole number');
    expect(stderr).toContain('LOG_LEVEL must be debug');
    expect(stderr).not.toContain('    at ');
  });

  it('refuses an address where Slack’s API is not, saying which is right', async ({ stage }) => {
    const elsewhere = await stage.modelWith({});
    const { code, stderr } = await runToEnd({
      SLACK_BOT_TOKEN: 'xoxb-1',
      SLACK_APP_TOKEN: 'xapp-1',
      SLACK_API_URL: elsewhere.url.replace('/v1', ''),
    });
    expect(code).toBe(78);
    expect(stderr).toContain(`set SLACK_API_URL=${elsewhere.url.replace('/v1', '/api/')}`);
  });

  it('refuses a port that is taken, saying which and what to do', async ({ stage }) => {
    const parley = await stage.parleyWith({});
    const { code, stderr } = await runToEnd({ PORT: String(parley.port) });
    expect(code).toBe(78);
    expect(stderr).toContain(`port ${parley.port} is taken`);
  });

  it('refuses a folder that another process uses, saying which process', async ({ stage }) => {
    const folder = stage.folder();
    await stage.parleyWith({ DATA_DIR: folder });
    const { code, stderr } = await runToEnd({ DATA_DIR: folder });
    expect(code).toBe(78);
    expect(stderr).toMatch(/process \d+/);
  });

  it('reads .env, where an empty value counts as not set', async ({ stage }) => {
    const folder = stage.folder();
    const lines = ['OPENAI_BASE_URL=', 'OPENAI_API_KEY=', 'MAX_REPLY_CHARS=1', 'ALLOW_USERS=U1'];
    writeFileSync(join(folder, '.env'), `${lines.join('\r\n')}\r\nMODLE=m`);
    const { code, stderr } = await runToEnd({ OPENAI_BASE_URL: '' }, folder);
    expect(code).toBe(78);
    expect(stderr.trim().split('\n')).toEqual([
      'Parley cannot start with this configuration:',
      expect.stringContaining('  MAX_REPLY_CHARS must be'),
      expect.stringContaining('  ALLOW_USERS is no setting: ALLOW_PEOPLE is (.env:4)'),
      'See also:',
      '  .env:5: MODLE is no setting: MODEL is',
    ]);
  });
});

describe.concurrent('who answers on the page', () => {
  it.for([
    [undefined, 'You are a helpful assistant', 'A helpful assistant that keeps it brief.'],
    ['You are a pirate.', 'You are a pirate.', ''],
  ] as const)('is, with SYSTEM_PROMPT=%s and a real model, %s', async (row, { stage }) => {
    const [prompt, told, shown] = row;
    const model = await stage.modelWith({ script: streamText({ text: 'Yes.' }) });
    const env = { OPENAI_BASE_URL: model.url };
    const parley = await stage.parleyWith(
      prompt === undefined ? env : { ...env, SYSTEM_PROMPT: prompt },
    );
    const client = await new WebClient(parley.url).login();
    await client.send(randomUUID(), 'Are you there?');
    await vi.waitFor(() => expect(model.requests).toHaveLength(1));
    expect(JSON.stringify(model.requests[0]?.body)).toContain(`"content":"${told}`);
    const session = await fetch(`${parley.url}/api/session`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: '{}',
    });
    expect(await session.json()).toMatchObject({ demo: false, persona: shown });
  });
});

describe.concurrent('the end', () => {
  it('lets answers end before the deadline, and exits with 0', async ({ stage }) => {
    const model = await stage.modelWith({ script: streamText({ tokensPerSecond: 150 }) });
    const parley = await stage.parleyWith({ OPENAI_BASE_URL: model.url });
    const client = await new WebClient(parley.url).login();
    const conversation = randomUUID();
    await client.send(conversation, 'Tell me.');
    await whenShown(client, conversation, (shown) => expect(shown.running?.pages).toHaveLength(1));
    expect(await parley.interrupt()).toBe(0);
    const next = await parley.restart();
    stage.finally(() => next.stop());
    const { entries } = await client.at(next.url).look(conversation);
    expect(entries[1]).toMatchObject({ outcome: 'done' });
    expect(model.requests).toHaveLength(1);
  });

  it('comes of SIGTERM to npm, which waits for it', async ({ stage }) => {
    const model = await stage.modelWith({ script: streamText({ tokensPerSecond: 150 }) });
    const parley = await stage.parleyWith({ OPENAI_BASE_URL: model.url }, startParleyByNpm);
    const client = await new WebClient(parley.url).login();
    const conversation = randomUUID();
    await client.send(conversation, 'Tell me.');
    await whenShown(client, conversation, (shown) => expect(shown.running?.pages).toHaveLength(1));
    expect(await parley.interrupt()).toBe(0);
    expect(parley.output).toMatch(/"msg":"stopping".*"msg":"turn done".*"msg":"stopped"/s);
  });

  it('is at once with a second Ctrl-C, but one that arrives twice counts as one', async ({
    stage,
  }) => {
    const model = await stage.modelWith({ script: streamText({ tokensPerSecond: 2 }) });
    const parley = await stage.parleyWith({ OPENAI_BASE_URL: model.url, DRAIN_SECONDS: '3600' });
    const client = await new WebClient(parley.url).login();
    const conversation = randomUUID();
    await client.send(conversation, 'Tell me.');
    await whenShown(client, conversation, (shown) => expect(shown.running?.pages).toHaveLength(1));
    let gone = false;
    void parley.died().then(() => (gone = true));
    parley.signal('SIGINT');
    parley.signal('SIGINT');
    await vi.waitFor(() => expect(parley.output).toContain('"msg":"stopping"'));
    // Longer than npm and the terminal are apart, and yet it goes on.
    const later = performance.now() + 700;
    await vi.waitFor(() => expect(performance.now()).toBeGreaterThan(later), { timeout: 5_000 });
    expect(gone).toBe(false);
    parley.signal('SIGINT');
    await parley.died();
    expect(parley.output).not.toContain('"msg":"stopped"');
  });

  it('hands over what the deadline cuts off, here as the terminal is closed: the next start goes on with it', async ({
    stage,
  }) => {
    const slow = streamText({ tokensPerSecond: 5 });
    const fast = streamText({ tokensPerSecond: Number.POSITIVE_INFINITY });
    const model = await stage.modelWith({
      script: (reply, request) => (request.index === 0 ? slow : fast)(reply, request),
    });
    const parley = await stage.parleyWith({ OPENAI_BASE_URL: model.url, DRAIN_SECONDS: '0' });
    const client = await new WebClient(parley.url).login();
    const conversation = randomUUID();
    await client.send(conversation, 'Tell me.');
    await whenShown(client, conversation, (shown) => expect(shown.running?.pages).toHaveLength(1));
    expect(await parley.interrupt('SIGHUP')).toBe(0);
    const next = await parley.restart();
    stage.finally(() => next.stop());
    const { entries } = await whenShown(client.at(next.url), conversation, (shown) =>
      expect(shown.entries).toHaveLength(2),
    );
    expect(entries[1]).toMatchObject({ outcome: 'done' });
    expect(model.requests).toHaveLength(2);
  });
});

describe.concurrent('the log', () => {
  it('has ids and counts, and never words, keys or passwords, whatever goes wrong', async ({
    stage,
  }) => {
    // Providers quote what was sent in their complaints; this one quotes all of it.
    const model = await stage.modelWith({
      script: async (reply, request) => {
        const quoted = JSON.stringify([request.body, request.headers]);
        if (quoted.includes('refuse')) {
          reply.status(400, { error: { message: `bad request: ${quoted}`, type: 'invalid' } });
        } else if (quoted.includes('break')) {
          reply.begin();
          reply.text(leakCanaries.words);
          reply.data(`{"broken": "${leakCanaries.words}"`);
          await reply.cut();
        } else {
          reply.begin();
          reply.text(leakCanaries.words);
          reply.finish('stop', { inputTokens: 1, outputTokens: 1 });
        }
      },
    });
    const parley = await stage.parleyWith({
      OPENAI_BASE_URL: model.url,
      WEB_PASSWORD: leakCanaries.password,
      LOG_LEVEL: 'debug',
    });
    const client = await new WebClient(parley.url).login(leakCanaries.password);
    for (const how of ['answer', 'refuse', 'break']) {
      const conversation = randomUUID();
      await client.send(conversation, `${how} this: ${leakCanaries.words}`);
      await whenShown(client, conversation, (shown) => expect(shown.entries).toHaveLength(2));
    }
    await expect(client.send(randomUUID(), '')).rejects.toThrow('400');
    await vi.waitFor(
      () => expect(parley.output.match(/"msg":"turn done"/g)).toHaveLength(3),
      5_000,
    );
    expect(parley.output).toMatch(/"outcome":"failed".*"ms":\d+/);
    // `stop` searches the output for what was planted.
    expect(await parley.stop()).toBe(0);
  });
});

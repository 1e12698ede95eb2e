import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { ConnectProxy } from '../fakes/connect-proxy.ts';
import { DiscordFake } from '../fakes/discord/discord-fake.ts';
import { findingsIn, runDoctor, runDoctorWith } from '../processes/doctor-process.ts';
import { streamText } from '../fakes/openai/scripts.ts';
import { type OpenAiFake, startOpenAiFake } from '../fakes/openai/server.ts';
import { type ParleyProcess, startParley } from '../processes/parley-process.ts';
import { leakCanaries } from '../fakes/leak-canaries.ts';
import { type SlackFake, startSlackFake } from '../fakes/slack/slack-fake.ts';
import { makeCertificate } from '../redis/certificate.ts';
import { scopes } from '../worlds/slack-world.ts';

/** Names that nobody but the proxy can find: a connection past it fails. */
const names = {
  slack: 'slack.invalid',
  sockets: 'sockets.slack.invalid',
  discord: 'discord.invalid',
  gateway: 'gateway.discord.invalid',
  model: 'model.invalid',
} as const;
const all = Object.values(names).map((name) => `${name}:443`);
const answer = 'An answer that came through a tunnel and is whole.';
const folder = mkdtempSync(join(tmpdir(), 'parley-proxy-'));
const files = makeCertificate(folder, Object.values(names));
const pem = { cert: readFileSync(files.cert, 'utf8'), key: readFileSync(files.key, 'utf8') };

let slack: SlackFake;
let discord: DiscordFake;
let model: OpenAiFake;
let targets: Record<string, number>;
let proxy: ConnectProxy;

beforeAll(async () => {
  [slack, discord, model] = await Promise.all([
    startSlackFake({
      workspaces: [{ id: 'T1', scopes }],
      socketUrl: `wss://${names.sockets}`,
      limits: { scale: 10 },
    }),
    DiscordFake.start({
      gateway: { url: `wss://${names.gateway}/gateway`, identifyEveryMs: 0 },
      limits: { scale: 20 },
    }),
    startOpenAiFake({ script: streamText({ text: answer, tokensPerSecond: 250 }) }),
  ]);
  const portOf = (url: string): number => Number(new URL(url).port);
  targets = {
    [`${names.slack}:443`]: portOf(slack.apiUrl),
    [`${names.sockets}:443`]: portOf(slack.apiUrl),
    [`${names.discord}:443`]: portOf(discord.apiUrl),
    [`${names.gateway}:443`]: portOf(discord.apiUrl),
    [`${names.model}:443`]: portOf(model.url),
  };
  proxy = await ConnectProxy.start({
    targets,
    certificate: pem,
    credentials: `parley:${leakCanaries.password}`,
  });
});

beforeEach(() => proxy.forbidden.clear());

afterAll(async () => {
  await Promise.all([slack.close(), discord.stop(), model.close(), proxy.stop()]);
  rmSync(folder, { recursive: true });
});

const proxyUrl = (): string => proxy.url.replace('//', `//parley:${leakCanaries.password}@`);

const ofSlack = (): Record<string, string> => ({
  SLACK_BOT_TOKEN: slack.botToken,
  SLACK_APP_TOKEN: slack.appToken,
  SLACK_API_URL: `https://${names.slack}/api/`,
});

const ofDiscord = (): Record<string, string> => ({
  DISCORD_BOT_TOKEN: discord.token,
  DISCORD_API_URL: `https://${names.discord}/api`,
  DISCORD_REPLY_IN: 'channel',
});

/** Everything behind the proxy. */
const everything = (): Record<string, string> => ({
  NODE_EXTRA_CA_CERTS: files.cert,
  OPENAI_BASE_URL: `https://${names.model}/v1`,
  ...ofSlack(),
  ...ofDiscord(),
});

async function askInSlack(): Promise<void> {
  const root = slack.person('U1').mentions('C1', 'who is there?');
  const replies = (): string[] =>
    slack
      .workspace()
      .channel(root.channel)
      .replies(root.ts)
      .filter(({ author }) => author.name === 'Parley')
      .map(({ text }) => text);
  await slack.until(() => replies().at(-1) === answer, 20_000);
  expect(replies()).toEqual([answer]);
}

async function askInDiscord(): Promise<void> {
  const question = discord.person('Ada').mention('general', 'who is there?');
  const replies = (): string[] =>
    discord
      .messages(discord.channel('general'))
      .filter(({ author, replyTo }) => author === 'Parley' && replyTo === question.id)
      .map(({ text }) => text);
  await discord.until(() => replies().at(-1) === answer, 20_000);
  expect(replies()).toEqual([answer]);
}

describe('behind a proxy', () => {
  let parley: ParleyProcess;

  beforeAll(async () => {
    // Both are set as a rule.
    parley = await startParley({
      ...everything(),
      HTTPS_PROXY: proxyUrl(),
      HTTP_PROXY: proxyUrl(),
    });
  });

  afterAll(() => parley.stop());

  it('answers in Slack and in Discord, and connects to nothing without it', async () => {
    await Promise.all([askInSlack(), askInDiscord()]);
    expect([...new Set(proxy.asked)].toSorted()).toEqual(all.toSorted());
    expect(parley.output).not.toContain('no connection through the proxy');
    // Connections are kept: two answers have more calls than that.
    await askInDiscord();
    expect(proxy.asked.filter((host) => host === `${names.discord}:443`).length).toBeLessThan(6);
  });

  it('tells whom the proxy refuses by its setting, and goes on when it does no more', async () => {
    const refused = [names.gateway, names.sockets];
    for (const name of refused) proxy.forbidden.add(`${name}:443`);
    proxy.cut();
    await vi.waitFor(() => {
      for (const name of refused) {
        expect(parley.output).toContain(
          `"fault":"HTTPS_PROXY: the proxy at ${proxy.host} refuses ${name} (403)","remedy":"allow ${name} there, or name it in NO_PROXY to go without","msg":"no connection through the proxy"`,
        );
      }
    }, 20_000);
    proxy.forbidden.clear();
    // Slack brings a minute later what it could bring nowhere.
    await slack.until(() => slack.connections === 2, 20_000);
    await Promise.all([askInSlack(), askInDiscord()]);
  });
});

describe('the doctor behind a proxy', () => {
  beforeEach(() => void (proxy.asked.length = 0));

  const proxyLine = async (env: Record<string, string>) => {
    const { by } = findingsIn(await runDoctor(env, '--json'));
    return { by, line: by.get('proxy.HTTPS_PROXY') };
  };

  it('looks at everything through it', async () => {
    const { by, line } = await proxyLine({
      ...everything(),
      OPENAI_API_KEY: leakCanaries.key,
      HTTPS_PROXY: proxyUrl(),
    });
    expect(Array.from(by.values()).filter(({ state }) => state === 'failed')).toEqual([]);
    const detail = `the proxy at ${proxy.host} refuses nothing that was asked for here`;
    expect(line).toMatchObject({ state: 'ok', detail });
    expect([...new Set(proxy.asked)].toSorted()).toEqual(all.toSorted());
  });

  it('tells what it refuses', async () => {
    const env = { ...everything(), OPENAI_API_KEY: leakCanaries.key, HTTPS_PROXY: proxyUrl() };
    proxy.forbidden.add(`${names.model}:443`).add(`${names.gateway}:443`);
    const { by } = await proxyLine(env);
    const told = Array.from(by.values())
      .filter(({ group }) => group === 'proxy')
      .map(({ detail }) => detail);
    expect(new Set(told)).toEqual(
      new Set(
        [names.gateway, names.model].map(
          (name) => `the proxy at ${proxy.host} refuses ${name} (403)`,
        ),
      ),
    );
  });

  it('reaches what NO_PROXY names, and what is on this machine, without it', async () => {
    const { by } = await proxyLine({
      ...everything(),
      OPENAI_API_KEY: leakCanaries.key,
      OPENAI_BASE_URL: model.url,
      MODEL: 'small',
      https_proxy: proxyUrl(),
      http_proxy: proxyUrl(),
      no_proxy: 'example.com, .discord.invalid',
    });
    expect(by.get('model.small')?.state).toBe('ok');
    expect(by.get('slack.socket')?.state).toBe('ok');
    // Nobody finds that without a proxy.
    expect(by.get('discord.token')).toMatchObject({ state: 'failed' });
    expect(by.get('discord.token')?.detail).toContain('ENOTFOUND');
    expect([...new Set(proxy.asked)].toSorted()).toEqual(
      [`${names.slack}:443`, `${names.sockets}:443`].toSorted(),
    );
  });

  it('tells that it wants a name and a password', async () => {
    const env = { NODE_EXTRA_CA_CERTS: files.cert, ...ofSlack(), HTTPS_PROXY: proxy.url };
    expect((await proxyLine(env)).line).toMatchObject({
      state: 'failed',
      detail: `the proxy at ${proxy.host} wants a name and a password (407)`,
      remedy: `set HTTPS_PROXY with those that the proxy accepts: http://NAME:PASSWORD@${proxy.host}`,
    });
  });

  it('tells that it is away, named in .env in lower case', async () => {
    const settings = Object.entries({ ...ofSlack(), https_proxy: `http://127.0.0.1:1` });
    const { stdout } = await runDoctorWith(
      settings.map(([name, value]) => `${name}=${value}\n`).join(''),
    );
    expect(stdout).toContain(
      '  ✗ HTTPS_PROXY: the proxy at 127.0.0.1:1 does not answer (ECONNREFUSED)\n      start it, or correct HTTPS_PROXY\n',
    );
    expect(stdout).not.toContain('Parley has no setting');
  });
});

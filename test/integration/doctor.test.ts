import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { runChecks } from '../../src/commands/doctor/run-checks.ts';
import { Access } from '../../src/core/intake/access.ts';
import type { Check, Finding } from '../../src/core/ports/checkup.ts';
import { modelCheckup } from '../../src/models/doctor/model-check.ts';
import { discordChecks } from '../../src/platforms/discord/doctor/discord-checks.ts';
import { slackChecks } from '../../src/platforms/slack/doctor/slack-checks.ts';
import { requiredScopes } from '../../src/platforms/slack/api/identify-bot.ts';
import { redisChecks } from '../../src/stores/redis/doctor-check.ts';
import { sqliteChecks } from '../../src/stores/sqlite/doctor-check.ts';
import { openSqliteStore } from '../../src/stores/sqlite/sqlite-store.ts';
import { DiscordFake } from '../fakes/discord/discord-fake.ts';
import { bitsOf, type PermissionName } from '../fakes/discord/permissions.ts';
import { findingsIn, runDoctor, runDoctorWith } from '../processes/doctor-process.ts';
import { recordingLog } from '../fakes/recording-log.ts';
import { streamText } from '../fakes/openai/scripts.ts';
import { type OpenAiFake, type Script, startOpenAiFake } from '../fakes/openai/server.ts';
import { startParley } from '../processes/parley-process.ts';
import { leakCanaries } from '../fakes/leak-canaries.ts';
import { type SlackFake, startSlackFake } from '../fakes/slack/slack-fake.ts';
import { freePort, type RedisServer, startRedis } from '../redis/server.ts';
import { scopes } from '../worlds/slack-world.ts';

const tokens = {
  slack: `xoxb-${leakCanaries.key}`,
  discord: `MTA5.${leakCanaries.key.replaceAll('-', '_')}.x`,
};

let slack: SlackFake;
let discord: DiscordFake;
let model: OpenAiFake;
let redis: RedisServer;

beforeAll(async () => {
  [slack, discord, model, redis] = await Promise.all([
    startSlackFake({ workspaces: [{ id: 'T1', name: 'Acme', scopes, token: tokens.slack }] }),
    DiscordFake.start({ token: tokens.discord }),
    startOpenAiFake({ script: streamText({ text: 'Hi', tokensPerSecond: Infinity }) }),
    startRedis({ appendonly: true, args: ['--requirepass', leakCanaries.password] }),
  ]);
});

afterAll(async () => {
  await Promise.all([slack.close(), discord.stop(), model.close(), redis.stop()]);
});

function everything(): Record<string, string> {
  return {
    SLACK_BOT_TOKEN: tokens.slack,
    SLACK_APP_TOKEN: slack.appToken,
    SLACK_API_URL: slack.apiUrl,
    DISCORD_BOT_TOKEN: tokens.discord,
    DISCORD_API_URL: discord.apiUrl,
    OPENAI_API_KEY: leakCanaries.key,
    OPENAI_BASE_URL: model.url,
    MODEL: 'small-1, large-2',
    REDIS_URL: redis.url.replace('//', `//:${leakCanaries.password}@`),
  };
}

describe('the doctor', () => {
  it('shows a list in which all is well, and leaves no trace', async () => {
    const { code, stdout, stderr } = await runDoctor(everything());
    expect(stdout).toContain('\n  ✓ Bot token: @parley in the workspace Acme\n');
    expect(stdout).toContain('\n  ✓ Scopes: all 12 that are needed\n');
    expect(stdout).toContain('\n  ✓ App token: Socket Mode is open to it\n');
    expect(stdout).toMatch(/\n {2}✓ Channels: \d+: #\w+/);
    expect(stdout).toContain(`\n  ✓ Bot token: Parley (${discord.bot.id})\n`);
    expect(stdout).toContain('\n  ✓ Message Content Intent: on\n');
    expect(stdout).toContain('\n  ✓ Servers: 1: Village\n');
    expect(stdout).toContain(`client_id=${discord.bot.id}&scope=bot&permissions=309237713920`);
    expect(stdout).toMatch(/\n {2}✓ small-1: answers, after \d+\.\d s\n/);
    expect(stdout).toMatch(/\n {2}✓ large-2: answers/);
    expect(stdout).toMatch(/\n {2}✓ Redis: \w+ [\d.]+ at redis:\S+, answers in \d+ ms\n/);
    expect(stdout).toContain('\n  ✓ Writes: are taken\n');
    for (const of of ['Slack', 'Discord', 'the model', 'Redis']) {
      expect(stdout).toContain(`\n  ✓ Clock against ${of}’s: they agree\n`);
    }
    expect(stdout).toMatch(/\n\nAll is well\.\n$/);
    expect(stdout).not.toContain('\u{1b}');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });

    expect(slack.sockets.opened).toBe(0);
    expect(slack.violations).toEqual([]);
    expect(discord.gateway.record.identifies).toEqual([]);
    expect(new Set(model.requests.map(({ body }) => body['model']))).toEqual(
      new Set(['large-2', 'small-1']),
    );
    expect(model.requests).toHaveLength(2);
    expect(model.requests[0]?.body['max_tokens']).toBe(1);
  });

  it('tells machines what is missing, and where to switch it on', async () => {
    const restore = breakEverything();
    const diagnosis = await runDoctor(
      { ...everything(), REDIS_URL: `redis://127.0.0.1:${await freePort()}` },
      '--json',
    ).finally(restore);
    const { ok, by } = findingsIn(diagnosis);
    expect([diagnosis.code, diagnosis.stderr, ok]).toEqual([1, '', false]);
    const expected: readonly [string, Finding['state'], RegExp, RegExp][] = [
      ['slack.token', 'ok', /@parley/, /^$/],
      ['slack.scopes', 'failed', /^missing: users:read$/, /"OAuth & Permissions".*reinstall/],
      ['slack.app-token', 'failed', /connections:write/, /"App-Level Tokens"/],
      ['slack.manifest', 'ok', /every scope and event/, /^$/],
      ['discord.token', 'ok', /Parley/, /^$/],
      ['discord.intent', 'failed', /may not read/, /"Message Content Intent".*\/bot/],
      ['discord.sessions', 'ok', /1000 of 1000/, /^$/],
      ['discord.servers', 'warning', /is in none/, /invite link.*oauth2\/authorize/],
      ['discord.invite', 'ok', /oauth2\/authorize/, /^$/],
      ['model.small-1', 'failed', /does not accept my key.*401/, /OPENAI_API_KEY/],
      [
        'store.redis',
        'failed',
        /Redis at redis:\/\/127\S+ does not answer \(.*ECONNREFUSED/,
        /start it, or correct REDIS_URL/,
      ],
      ['clock.slack', 'failed', /this machine is about 75 s behind it/, /timedatectl/],
      ['clock.discord', 'warning', /this machine is about 5 s ahead of it/, /timedatectl/],
      ['clock.the-model', 'ok', /agree/, /^$/],
    ];
    for (const [id, state, detail, remedy] of expected) {
      const found = by.get(id);
      expect.soft(found?.state, id).toBe(state);
      expect.soft(found?.detail, id).toMatch(detail);
      expect.soft(found?.remedy ?? '', id).toMatch(remedy);
    }
  });

  it('tells people of wrong tokens, once for each', async () => {
    const refusal = {
      message: 'The key opaque77opaque has no such model',
      code: 'model_not_found',
    };
    model.use((reply) => reply.status(404, { error: refusal }));
    onTestFinished(() => model.use(streamText({ text: 'Hi', tokensPerSecond: Infinity })));
    slack.workspace().tokenError = 'invalid_auth';
    onTestFinished(() => void (slack.workspace().tokenError = undefined));
    const { code, stdout } = await runDoctor({
      ...everything(),
      MODEL: 'small-1',
      OPENAI_API_KEY: 'opaque77opaque',
      DISCORD_BOT_TOKEN: 'MTA5.another.token',
      REDIS_URL: redis.url.replace('//', '//:hunter2@'),
    });
    expect(code).toBe(1);
    expect(stdout).toMatch(/✗ Bot token: Slack answers invalid_auth\n +copy the "Bot User OAuth/);
    expect(stdout).toMatch(/✗ Bot token: .*Discord does not accept it\n +copy .*"Reset Token"/);
    expect(stdout).toContain('The key [secret] has no such model');
    expect(stdout).toMatch(/✗ small-1: The provider does not know the model.*\n +set MODEL to/);
    expect(stdout).toMatch(/✗ Redis: .* does not take this user and password\n +Correct them in/);
    expect(stdout).toContain(
      '! environment: the password in REDIS_URL has fewer than 8 characters',
    );
    expect(stdout).toMatch(/\n\n4 things are wrong, and 1 thing worth a look\.\n$/);
    expect(stdout).not.toMatch(/hunter2|MTA5\.another|Scopes|App token|Intent|Servers|\n\s+at /);
  });

  it('tells which address is wrong, and what is right', async () => {
    const at = await startOpenAiFake({ models: ['large-2'] });
    onTestFinished(() => at.close());
    const { by } = findingsIn(
      await runDoctor(
        {
          ...everything(),
          SLACK_API_URL: slack.apiUrl.replace('/api/', '/'),
          OPENAI_BASE_URL: at.url.replace('/v1', ''),
          MODEL: 'large-2',
          REDIS_URL: `redis+sentinel://127.0.0.1:${await freePort()}/main`,
        },
        '--json',
      ),
    );
    expect(by.get('slack.token')).toMatchObject({
      detail: expect.stringMatching(/^Slack’s API is not at \S+ \(status 404\)$/) as string,
      remedy: expect.stringContaining(`set SLACK_API_URL=${slack.apiUrl},`) as string,
    });
    expect(by.get('model.large-2')).toMatchObject({
      detail: expect.stringMatching(/^OPENAI_BASE_URL may be wrong: .* but at http/) as string,
      remedy: `set OPENAI_BASE_URL=${at.url}`,
    });
    expect(by.get('store.redis')).toMatchObject({
      detail: expect.stringMatching(/does not answer \(no sentinel does: .*\)$/) as string,
      remedy: 'start the sentinels, or correct their addresses in REDIS_URL',
    });
  });

  it('tells of ports that are never called', async () => {
    const { by } = findingsIn(
      await runDoctor(
        {
          SLACK_BOT_TOKEN: tokens.slack,
          SLACK_APP_TOKEN: slack.appToken,
          SLACK_API_URL: 'http://127.0.0.1:6667/api/',
          OPENAI_BASE_URL: 'http://127.0.0.1:6000/v1',
          MODEL: 'm',
        },
        '--json',
      ),
    );
    for (const [id, port] of [
      ['slack.token', '6667'],
      ['model.m', '6000'],
    ] as const) {
      expect(by.get(id)?.detail).toContain(`port ${port} cannot be used`);
      expect(by.get(id)?.remedy).toContain('another port');
    }
  });

  it('tells that the lists of those who may ask leave nobody', async () => {
    const { OPENAI_BASE_URL: _, OPENAI_API_KEY: __, REDIS_URL: ___, ...others } = everything();
    const { MODEL: ____, ...rest } = others;
    const village = discord.state.guild('Village').id;
    const elsewhere = { ALLOW_WORKSPACES: 'T0OTHER,1100000000000000001' };
    const shut = findingsIn(await runDoctor({ ...rest, ...elsewhere }, '--json')).by;
    expect(shut.get('slack.access')).toMatchObject({
      state: 'warning',
      remedy: expect.stringContaining('add T1 to ALLOW_WORKSPACES') as string,
    });
    expect(shut.get('discord.access')).toMatchObject({
      state: 'warning',
      remedy: expect.stringContaining(`such as ${village}`) as string,
    });
    const here = { ALLOW_WORKSPACES: `T1,${village}` };
    const { by } = findingsIn(await runDoctor({ ...rest, ...here }, '--json'));
    expect([...by.keys()].filter((id) => id.endsWith('.access'))).toEqual([]);
  });

  it('lists every problem of a configuration that cannot be read', async () => {
    const env = {
      SLACK_BOT_TOKEN: slack.appToken,
      SLACK_APP_TOKEN: tokens.slack,
      PORT: 'many',
      OPENAI_API_KEY: leakCanaries.key,
    };
    const [list, json] = await Promise.all([runDoctor(env), runDoctor(env, '--json')]);
    expect([list.code, json.code]).toEqual([78, 78]);
    expect(list.stdout).toMatch(/✗ SLACK_BOT_TOKEN: must begin with xoxb-\n.*interchanged/);
    expect(list.stdout).toMatch(/✗ SLACK_APP_TOKEN: must begin with xapp-\n.*interchanged/);
    expect(list.stdout).toMatch(/✗ PORT: must be a whole number.*\n.*PORT=3000\n/);
    const { ok, by } = findingsIn(json);
    expect(ok).toBe(false);
    expect([...by.keys()]).toEqual(
      ['SLACK_BOT_TOKEN', 'SLACK_APP_TOKEN', 'PORT'].map((name) => `configuration.${name}`),
    );
  });

  it('names what a .env file says in vain', async () => {
    const named = await runDoctorWith('\u{FEFF}MODEL=gpt-5\nSLACK_BOT_TOKN=xoxb-1\nPORT 80\n');
    for (const line of [
      '.env:2: SLACK_BOT_TOKN is no setting: SLACK_BOT_TOKEN is',
      '.env:3: PORT is not set here: "=" is missing',
      '.env:1: MODEL has no effect, and the demo model answers: set OPENAI_API_KEY for OpenAI, or',
    ]) {
      expect(named.stdout).toContain(`\n  ! ${line}`);
    }
    expect(named.code).toBe(0);
    const broken = await runDoctorWith('PORT=x\nSLACK_TOKEN=xoxb-1\nALLOW_USER=U1');
    expect(broken.stdout).toMatch(
      /✗ PORT: .*[^]*✗ ALLOW_USER: is no setting: ALLOW_PEOPLE is \(\.env:3\)\n[^]*! \.env:2: SLACK_TOKEN is no setting: SLACK_BOT_TOKEN is\n/,
    );
    expect(broken.code).toBe(78);
  });

  it('works beside a Parley that runs, and takes nothing from it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'parley-doctor-'));
    const parley = await startParley({
      DATA_DIR: folder,
      SLACK_BOT_TOKEN: tokens.slack,
      SLACK_APP_TOKEN: slack.appToken,
      SLACK_API_URL: slack.apiUrl,
      DISCORD_BOT_TOKEN: tokens.discord,
      DISCORD_API_URL: discord.apiUrl,
    });
    onTestFinished(async () => {
      await parley.stop();
      rmSync(folder, { recursive: true, force: true });
    });
    await slack.until(() => slack.connections === 2);
    await discord.until(() => discord.gateway.record.identifies.length === 1);
    const before = readdirSync(folder);
    const byHttp = { SLACK_TRANSPORT: 'http', SLACK_SIGNING_SECRET: 'not a secret' };
    const { OPENAI_BASE_URL: _, OPENAI_API_KEY: __, REDIS_URL: ___, ...others } = everything();
    const { MODEL: ____, ...rest } = others;
    const beside = await runDoctor({ ...rest, ...byHttp, DATA_DIR: folder });
    expect(beside.stdout).toMatch(/✓ SQLite: \S+ is in use by process \d+ on \S+ since 20/);
    expect(beside.stdout).toMatch(/✗ Signing secret: .*\n.*"Signing Secret" under "Basic Inf/);
    expect(beside.stdout).toContain('for HTTP, Socket Mode has to be off');
    expect(beside.stdout).toContain('999 of 1000');
    expect(beside.stdout).toContain('✓ Demo');
    expect(beside.code).toBe(1);
    expect(readdirSync(folder)).toEqual(before);
    expect([slack.connections, slack.sockets.opened]).toEqual([2, 2]);
    expect(discord.gateway.record.identifies).toHaveLength(1);
    expect(await (await fetch(`${parley.url}/readyz`)).text()).toBeTruthy();
  });

  it('asks for nothing that it does not know', async () => {
    const [help, wrong] = await Promise.all([runDoctor({}, '--help'), runDoctor({}, 'please')]);
    expect([help.code, help.stdout.includes('--json')]).toEqual([0, true]);
    expect([wrong.code, wrong.stdout]).toEqual([64, '']);
  });
});

/** Everything that people switch off, or forget to switch on; returns what mends it. */
function breakEverything(): () => void {
  const missing = { needed: 'connections:write', provided: 'authorizations:read' };
  slack.fail('apps.connections.open', { kind: 'error', error: 'missing_scope', details: missing });
  slack.workspace().scopes.delete('users:read');
  slack.settings.clockAheadMs = 75_000;
  discord.settings.clockAheadMs = -5_000;
  discord.admin.setMessageContent(false);
  discord.admin.removeBot();
  const refusal = {
    message: `Incorrect API key provided: ${leakCanaries.key}`,
    code: 'invalid_api_key',
  };
  model.use((reply) => reply.status(401, { error: refusal }));
  return () => {
    slack.workspace().scopes.add('users:read');
    slack.settings.clockAheadMs = 0;
    discord.settings.clockAheadMs = 0;
    discord.admin.setMessageContent(true);
    discord.admin.inviteBot();
    model.use(streamText({ text: 'Hi', tokensPerSecond: Infinity }));
  };
}

async function look(checks: readonly Check[]): Promise<Map<string, Finding>> {
  return new Map((await runChecks(checks)).map((finding) => [finding.id, finding]));
}

describe('an app in Slack', () => {
  const quiet = { access: new Access(), hear: () => undefined, log: recordingLog() };

  it('may lack what its manifest only wishes for, and its manifest what it needs', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'parley-doctor-'));
    const manifestPath = join(folder, 'slack-manifest.yaml');
    const fake = await startSlackFake({ workspaces: [{ id: 'T1', scopes: requiredScopes }] });
    onTestFinished(async () => {
      rmSync(folder, { recursive: true, force: true });
      await fake.close();
    });
    const own = { ...quiet, token: fake.botToken, apiUrl: fake.apiUrl };
    const socket = { ...own, appToken: fake.appToken };
    const first = await look(slackChecks({ ...socket, manifestPath: 'slack-manifest.yaml' }));
    expect(first.get('slack.scopes')).toMatchObject({
      state: 'warning',
      detail: expect.stringMatching(/it lacks files:read$/) as string,
    });

    const manifest = readFileSync('slack-manifest.yaml', 'utf8')
      .replace('- users:read\n', '')
      .replace('- message.im\n', '')
      .replace('socket_mode_enabled: true', 'socket_mode_enabled: false');
    writeFileSync(manifestPath, manifest);
    const second = await look(slackChecks({ ...socket, manifestPath }));
    expect(second.get('slack.manifest')).toMatchObject({
      state: 'warning',
      detail:
        'slack-manifest.yaml lacks the scopes users:read; the events message.im; socket_mode_enabled: true',
    });

    const signingSecret = '0123456789abcdef'.repeat(2);
    const http = { ...own, signingSecret, manifestPath: join(folder, 'none') };
    const third = await look(slackChecks(http));
    expect(third.get('slack.signing-secret')?.state).toBe('ok');
    expect(third.get('slack.manifest')).toMatchObject({
      state: 'ok',
      detail: expect.stringContaining('not part of this installation') as string,
    });
  });

  it('may have been invited nowhere', async () => {
    const fake = await startSlackFake({
      workspaces: [{ id: 'T1', scopes, channels: [{ id: 'C8', name: 'alone', withoutBot: true }] }],
    });
    onTestFinished(() => fake.close());
    const { botToken: token, apiUrl, appToken } = fake;
    const options = { ...quiet, token, apiUrl, appToken, manifestPath: 'slack-manifest.yaml' };
    expect((await look(slackChecks(options))).get('slack.channels')).toMatchObject({
      state: 'warning',
      detail: 'the bot is in none',
      remedy: expect.stringContaining('/invite') as string,
    });
    // Without the scope for it nothing is said: that it is missing is told elsewhere.
    fake.workspace().scopes.delete('channels:read');
    expect((await look(slackChecks(options))).has('slack.channels')).toBe(false);
  });

  it('may be two apps by mistake, or none that Slack lets in', async () => {
    const fake = await startSlackFake({ appToken: 'xapp-1-A0OTHER-fake' });
    onTestFinished(() => fake.close());
    const { botToken: token, apiUrl, appToken } = fake;
    const manifestPath = 'slack-manifest.yaml';
    const options = { ...quiet, token, apiUrl, appToken, manifestPath };
    expect((await look(slackChecks(options))).get('slack.app-token')).toMatchObject({
      state: 'failed',
      detail: 'it is one of the app A0OTHER, but the bot’s token is one of A0PARLEY',
    });
    fake.refusesAppToken('invalid_auth');
    expect((await look(slackChecks(options))).get('slack.app-token')).toMatchObject({
      state: 'failed',
      detail: 'Slack answers invalid_auth',
      remedy: expect.stringContaining('"App-Level Tokens"') as string,
    });
    // Where the bot may not ask whose it is, the two are not compared.
    fake.refusesAppToken(undefined);
    fake.workspace().scopes.delete('users:read');
    expect((await look(slackChecks(options))).get('slack.app-token')?.state).toBe('ok');
  });
});

describe('a bot in Discord', () => {
  const access = new Access();

  it.each([
    [0, 'failed'],
    [2, 'warning'],
    [3, 'ok'],
  ])('with %i starts left', async (identifiesPerDay, state) => {
    const fake = await DiscordFake.start({ gateway: { identifiesPerDay } });
    onTestFinished(() => fake.stop());
    const { token, apiUrl } = fake;
    const found = await look(
      discordChecks({ token, apiUrl, access, hear: () => undefined, log: recordingLog() }),
    );
    expect(found.get('discord.sessions')?.state).toBe(state);
  });

  it('lacks permissions in some servers, and none where it is an administrator', async () => {
    const guilds = Array.from({ length: 8 }, (_, at) => ({ name: `Server ${at}` }));
    const fake = await DiscordFake.start({ guilds });
    onTestFinished(() => fake.stop());
    const everyone = (name: string, may: PermissionName[]): void => {
      const guild = fake.state.guild(name);
      guild.roles.get(guild.id)!.permissions = bitsOf(may);
    };
    everyone('Server 1', ['Administrator']);
    const check = discordChecks({
      token: fake.token,
      apiUrl: fake.apiUrl,
      access,
      hear: () => undefined,
      log: recordingLog(),
    });
    expect((await look(check)).get('discord.servers')?.detail).toBe(
      '8: Server 0, Server 1, Server 2, Server 3, Server 4, …',
    );
    everyone('Server 2', ['ViewChannel', 'SendMessages', 'ReadMessageHistory']);
    expect((await look(check)).get('discord.servers')).toMatchObject({
      state: 'warning',
      detail:
        'in 1 of 8 the bot may not do all that it needs: Server 2 (Create Public Threads, Send Messages in Threads)',
    });
  });

  it('is looked for at Discord’s address', async () => {
    const { token } = discord;
    const apiUrl = `${discord.apiUrl}/elsewhere`;
    const log = recordingLog();
    const found = await look(discordChecks({ token, apiUrl, access, hear: () => undefined, log }));
    expect([...found.values()]).toMatchObject([
      { state: 'failed', detail: expect.stringContaining('DISCORD_API_URL') as string },
    ]);
  });
});

describe('SQLite', () => {
  async function found(path: string): Promise<Finding | undefined> {
    const [finding] = await runChecks([sqliteChecks(path)]);
    return finding;
  }

  function ownFolder(): string {
    const folder = mkdtempSync(join(tmpdir(), 'parley-doctor-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    return folder;
  }

  /** Names, sizes and times: what any change would change. */
  function pictureOf(folder: string): unknown {
    return readdirSync(folder, { recursive: true })
      .map(String)
      .sort()
      .map((name) => {
        const { size, mtimeMs, mode } = statSync(join(folder, name));
        return { name, size, mtimeMs, mode };
      });
  }

  it('is looked at without a change to anything', async () => {
    const folder = ownFolder();
    const data = join(folder, 'new', 'data');
    expect(await found(data)).toMatchObject({
      state: 'ok',
      detail: `the first start makes ${data}`,
    });
    expect(readdirSync(folder)).toEqual([]);

    const used = join(folder, 'used');
    await (await openSqliteStore({ folder: used, retentionMs: 1e12 })).close();
    const before = pictureOf(folder);
    expect(await found(used)).toMatchObject({
      state: 'ok',
      detail: expect.stringContaining('is sound') as string,
    });
    expect(pictureOf(folder)).toEqual(before);
  });

  it('is not used where a start would not use it, in the same words', async () => {
    const folder = ownFolder();
    const file = join(folder, 'file');
    writeFileSync(file, '');
    expect(await found(file)).toMatchObject({
      state: 'failed',
      detail: `${file} is no folder`,
      remedy: expect.stringContaining('DATA_DIR') as string,
    });
    expect(await found(join(file, 'data'))).toMatchObject({
      state: 'failed',
      remedy: 'Set DATA_DIR to another place.',
    });

    const database = join(folder, 'parley.db');
    const foreign = new DatabaseSync(database);
    foreign.exec('CREATE TABLE theirs (a)');
    foreign.close();
    expect((await found(folder))?.detail).toMatch(/another program's database/);
    writeFileSync(database, 'no database at all, but long enough to be read as one'.repeat(100));
    expect((await found(folder))?.detail).toMatch(/not a Parley database/);
  });

  it('finds damage, unless a log that waits may mend it', async () => {
    const folder = ownFolder();
    await (await openSqliteStore({ folder, retentionMs: 1e12 })).close();
    const database = join(folder, 'parley.db');
    const bytes = readFileSync(database);
    bytes.fill(0xff, 4_096, 4_096 * 6);
    writeFileSync(database, bytes);
    expect(await found(folder)).toMatchObject({
      state: 'failed',
      detail: expect.stringContaining('is damaged') as string,
    });
    writeFileSync(`${database}-wal`, '');
    expect((await found(folder))?.state).toBe('warning');
  });
});

describe('Redis', () => {
  it('is looked at for what may be lost', async () => {
    const server = await startRedis({
      args: ['--maxmemory', '100mb', '--maxmemory-policy', 'allkeys-lru'],
    });
    onTestFinished(() => server.stop());
    const check = redisChecks({
      url: server.url,
      prefix: 'parley',
      hear: () => undefined,
      log: recordingLog(),
    });
    const first = await look([check]);
    expect(first.get('store.redis-memory')).toMatchObject({
      state: 'warning',
      detail: expect.stringContaining('allkeys-lru') as string,
      remedy: expect.stringContaining('noeviction') as string,
    });
    expect(first.get('store.redis-durability')).toMatchObject({
      state: 'warning',
      remedy: expect.stringContaining('appendonly yes') as string,
    });

    const client = server.client();
    await client.config('SET', 'maxmemory-policy', 'noeviction');
    const used = Number(/used_memory:(\d+)/.exec(await client.info('memory'))?.[1]);
    await client.config('SET', 'maxmemory', String(Math.ceil(used * 1.22)));
    expect((await look([check])).get('store.redis-memory')).toMatchObject({
      state: 'warning',
      remedy: expect.stringContaining('raise maxmemory') as string,
    });

    await client.config('SET', 'maxmemory', '1mb');
    const full = await look([check]);
    expect(full.get('store.redis-writes')).toEqual({
      id: 'store.redis-writes',
      group: 'store',
      what: 'Writes',
      state: 'failed',
      detail: 'Redis has no memory left (maxmemory)',
      remedy: expect.stringContaining('raise maxmemory in redis.conf or at the hoster') as string,
    });
    expect(full.get('store.redis-memory')?.detail).toMatch(/^\d MB of 1 MB in use$/);
  });
});

describe('a model', () => {
  async function found(script: Script, api: 'chat' | 'responses' = 'chat') {
    const fake = await startOpenAiFake({ script });
    onTestFinished(() => fake.close());
    const [finding] = await runChecks([
      modelCheckup({ model: 'm', baseUrl: fake.url, apiKey: 'k', api, hear: () => undefined }),
    ]);
    return { finding, body: fake.requests[0]?.body };
  }

  it('is asked for as few tokens as its API takes, and may spend them on thinking', async () => {
    const thinking: Script = (reply) => reply.reasoning('hm').finish('length');
    const chat = await found(thinking);
    expect(chat.finding).toMatchObject({ state: 'ok' });
    expect(chat.body?.['max_tokens']).toBe(1);
    const responses = await found(thinking, 'responses');
    expect(responses.finding).toMatchObject({ state: 'ok' });
    expect(responses.body?.['max_output_tokens']).toBe(16);
    const message =
      'Could not finish the message because max_tokens or model output limit was reached.';
    const spent = await found((reply) => reply.status(400, { error: { message } }));
    expect(spent.finding).toMatchObject({ state: 'ok' });
  });

  it('that was not started is to be started, and not sought in a container', async () => {
    const baseUrl = `http://127.0.0.1:${await freePort()}/v1`;
    const [finding] = await runChecks([
      modelCheckup({ model: 'm', baseUrl, hear: () => undefined }),
    ]);
    expect(finding).toMatchObject({ state: 'failed' });
    expect(finding?.detail).toMatch(/^http:\S+ does not answer \(connect ECONNREFUSED/);
    expect(finding?.remedy).toMatch(/start the model’s server.*OPENAI_BASE_URL.*host\.docker/);
  });

  it('is there, if over its limit for now', async () => {
    const { finding } = await found((reply) => reply.status(429, { error: { message: 'slow' } }));
    expect(finding).toMatchObject({ state: 'warning' });
    const cut = await found((reply) => reply.text('h').close());
    expect(cut.finding).toMatchObject({ state: 'failed' });
    const page = await found((reply) => reply.status(200, '<html>'));
    expect(page.finding?.remedy).toMatch(/OPENAI_BASE_URL/);
  });
});

import { randomUUID } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BadConfiguration } from '../../src/core/errors.ts';
import { webPlatform } from '../../src/platforms/web/web-platform.ts';
import { planted } from '../fakes/planted.ts';
import { WebWorld } from './web-world.ts';

let world: WebWorld;

beforeEach(async () => {
  world = new WebWorld();
  await world.start();
});

afterEach(() => world.end());

describe('a page of another web site', () => {
  it.each(['evil.example', 'evil.example:3000', 'localhost.evil.example', '10.0.0.1'])(
    'is not served under a name that was made to point here: "%s"',
    async (host) => {
      const ana = await world.visitor();
      const headers = { Host: host };
      expect((await ana.get('/', headers)).status).toBe(403);
      expect((await ana.get(`/api/conversations/${randomUUID()}/events`, headers)).status).toBe(
        403,
      );
      expect((await ana.post('/api/session', {}, headers)).status).toBe(403);
    },
  );

  it.each(['localhost', 'localhost:3000', '127.0.0.1:3000', '[::1]:3000', 'LOCALHOST:3000'])(
    'does not keep this machine from being served as "%s"',
    async (host) => {
      expect((await world.browser().get('/', { Host: host })).status).toBe(200);
    },
  );

  it('nor from being served under the loopback address that it is bound to', async () => {
    expect((await world.browser().get('/', { Host: '127.0.0.2:3000' })).status).toBe(403);
    await world.stop();
    world.options = { host: '127.0.0.2' };
    await world.start();
    expect((await world.browser().get('/', { Host: '127.0.0.2:3000' })).status).toBe(200);
    expect((await world.browser().get('/', { Host: '127.0.0.3:3000' })).status).toBe(403);
  });

  it('cannot send anything here', async () => {
    const ana = await world.visitor();
    const path = `/api/conversations/${randomUUID()}/messages`;
    const message = { id: randomUUID(), text: 'I never wrote this' };
    const foreign: Record<string, string>[] = [
      { Origin: 'https://evil.example' },
      { Origin: `http://127.0.0.1:${world.port + 1}` },
      { Origin: 'null' },
      { Origin: '' },
      { 'Sec-Fetch-Site': 'cross-site' },
      { 'Sec-Fetch-Site': 'same-site' },
    ];
    for (const headers of foreign) {
      const answer = await ana.post(path, message, headers);
      expect({ headers, status: answer.status }).toEqual({ headers, status: 403 });
    }
    const own = { Origin: `http://127.0.0.1:${world.port}`, 'Sec-Fetch-Site': 'same-origin' };
    expect(await ana.post(path, message, own)).toMatchObject({ status: 202 });
  });

  it('does not take the session away by linking here', async () => {
    const linked = await world.browser().get('/', { 'Sec-Fetch-Site': 'cross-site' });
    expect(linked.status).toBe(200);
    expect(linked.headers['set-cookie']).toBeUndefined();
  });
});

it('gives each browser a secret of its own that no script can read', async () => {
  const first = await world.browser().post('/api/session', {});
  const second = await world.browser().post('/api/session', {});
  const [cookie = ''] = first.headers['set-cookie'] ?? [];
  expect(cookie).toMatch(/^parley_session=[\da-f-]{36}; /);
  expect(cookie).toContain('HttpOnly');
  expect(cookie).toContain('SameSite=Strict');
  expect(cookie).not.toBe(second.headers['set-cookie']?.[0]);
  expect(first.text).not.toContain(/=([^;]*)/.exec(cookie)?.[1]);
});

it('keeps the session of a browser that comes again', async () => {
  const ana = await world.visitor();
  const before = ana.cookies.get('parley_session');
  const again = await ana.post('/api/session', {});
  expect(ana.cookies.get('parley_session')).toBe(before);
  expect(JSON.parse(again.text)).toMatchObject({ fresh: false });
});

it('writes no browser’s secret into a log or the store', async () => {
  const ana = await world.visitor();
  const secret = ana.cookies.get('parley_session') ?? '';
  const here = randomUUID();
  await ana.say(here, `Hello ${planted.words}`);
  await vi.waitFor(() => expect(world.model.writings).toHaveLength(1));
  world.model.writings[0]!.write(`Hey. ${planted.words}`).end();
  await vi.waitFor(() => expect(world.log.events.length).toBeGreaterThan(0));
  expect(secret).toMatch(/^[\da-f-]{36}$/);
  expect(JSON.stringify(world.log.events)).toContain(here);
  expect(JSON.stringify(world.log.events)).not.toContain(secret);
  for (const file of readdirSync(world.folder)) {
    expect(readFileSync(join(world.folder, file)).includes(secret)).toBe(false);
  }
});

it('lets the page load nothing from elsewhere and run nothing inline', async () => {
  const ana = world.browser();
  for (const path of [
    '/',
    '/dev/pages',
    '/assets/main.js',
    '/assets/vendor/marked.js',
    '/nothing',
  ]) {
    const { headers } = await ana.get(path);
    const policy = String(headers['content-security-policy']).split('; ');
    expect(policy).toEqual(
      expect.arrayContaining([
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
      ]),
    );
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'same-origin',
      'cross-origin-opener-policy': 'same-origin',
    });
  }
  const { text } = await ana.get('/');
  expect(text).not.toMatch(/<script>|<style>| style=| on[a-z]+=|https?:\/\//i);
});

it.each([
  '/assets/..%2fapi.ts',
  '/assets/%2e%2e/api.ts',
  '/assets/../api.ts',
  '/assets/vendor/..%2f..%2fapi.ts',
  '/assets/vendor/hono',
  '/assets/login.html',
  '/assets/constructor',
  '/assets/vendor/constructor',
])('serves nothing but the page: %s', async (path) => {
  expect((await world.browser().get(path)).status).toBe(404);
});

it('sends a file again only when it changed', async () => {
  const ana = world.browser();
  const { headers, status } = await ana.get('/assets/main.js');
  expect(status).toBe(200);
  const again = await ana.get('/assets/main.js', { 'If-None-Match': headers.etag ?? '' });
  expect(again).toMatchObject({ status: 304, text: '' });
});

describe('a body of 10 MB', () => {
  const tenMegabytes = Buffer.alloc(10_000_000, 'x');

  it('is refused by its announced length, before it was sent', async () => {
    const ana = await world.visitor();
    const status = await new Promise((resolve, reject) => {
      const asking = request(
        {
          host: '127.0.0.1',
          port: world.port,
          path: `/api/conversations/${randomUUID()}/messages`,
          method: 'POST',
          headers: {
            'Content-Type': 'application/json',
            'Content-Length': tenMegabytes.length,
            Cookie: `parley_session=${ana.cookies.get('parley_session')}`,
          },
        },
        (response) => {
          resolve(response.statusCode);
          asking.destroy();
        },
      );
      asking.on('error', reject);
      // Not a byte of the body follows.
      asking.flushHeaders();
    });
    expect(status).toBe(413);
  });

  it('is refused with a sentence, and the next message is taken', async () => {
    const ana = await world.visitor();
    const conversation = randomUUID();
    const path = `/api/conversations/${conversation}/messages`;
    const headers = { 'Content-Type': 'application/json' };
    const announced = await ana.ask(path, { method: 'POST', headers, body: tenMegabytes });
    expect(announced).toMatchObject({ status: 413, text: expect.stringContaining('50,000') });
    expect(await ana.say(conversation, 'Smaller')).toMatchObject({ status: 202 });
  });

  it('is refused when its length is not announced, too', async () => {
    const ana = await world.visitor();
    const headers = { 'Content-Type': 'application/json', 'Transfer-Encoding': 'chunked' };
    const path = `/api/conversations/${randomUUID()}/messages`;
    const chunked = await ana.ask(path, { method: 'POST', headers, body: tenMegabytes });
    expect(chunked.status).toBe(413);
    const small = JSON.stringify({ id: randomUUID(), text: 'Small enough' });
    const taken = await ana.ask(path, { method: 'POST', headers, body: small });
    expect(taken.status).toBe(202);
  });
});

it('takes the longest message in whatever alphabet', async () => {
  const ana = await world.visitor();
  expect(await ana.say(randomUUID(), '語'.repeat(50_000))).toMatchObject({ status: 202 });
});

it('does not let others than this machine in without a password', () => {
  const { store, log } = world;
  expect(() => webPlatform({ store, log, host: '0.0.0.0', demo: true, modelName: 'demo' })).toThrow(
    BadConfiguration,
  );
});

describe('with a password', () => {
  let now = 0;

  beforeEach(async () => {
    await world.stop();
    now = Date.now();
    world.options = { host: '0.0.0.0', password: planted.password, now: () => now };
    await world.start();
  });

  function logIn(browser = world.browser(), password: string = planted.password, headers = {}) {
    return browser.ask('/login', {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded', ...headers },
      body: new URLSearchParams({ password }).toString(),
    });
  }

  it('shows nothing before it is given', async () => {
    const stranger = world.browser();
    expect(await stranger.get('/')).toMatchObject({
      status: 401,
      text: expect.stringContaining('type="password"'),
    });
    expect((await stranger.get('/dev/pages')).status).toBe(401);
    expect((await stranger.post('/api/session', {})).status).toBe(401);
    expect((await stranger.get(`/api/conversations/${randomUUID()}/events`)).status).toBe(401);
    expect((await stranger.say(randomUUID(), 'Hi')).status).toBe(401);
  });

  it('lets in whoever knows it, under any name, and out again', async () => {
    const ana = world.browser();
    expect(await logIn(ana)).toMatchObject({ status: 303, headers: { location: '/' } });
    expect((await ana.get('/', { Host: 'parley.example' })).status).toBe(200);
    expect((await ana.post('/api/session', {})).status).toBe(200);
    expect((await ana.say(randomUUID(), 'Hi')).status).toBe(202);
    await ana.ask('/logout', { method: 'POST' });
    expect((await ana.get('/')).status).toBe(401);
  });

  it('sets a cookie that no script and no other site can use', async () => {
    const [cookie = ''] = (await logIn()).headers['set-cookie'] ?? [];
    expect(cookie).toContain('HttpOnly');
    expect(cookie).toContain('SameSite=Strict');
    expect(cookie).not.toContain('Secure');
    const [behindTls = ''] =
      (await logIn(world.browser(), planted.password, { 'X-Forwarded-Proto': 'https' })).headers[
        'set-cookie'
      ] ?? [];
    expect(behindTls).toContain('Secure');
  });

  it('keeps a browser logged in over a restart, but not over a new password', async () => {
    const ana = world.browser();
    await logIn(ana);
    await world.restart();
    expect((await ana.get('/')).status).toBe(200);
    await world.stop();
    world.options = { ...world.options, password: 'battery staple' };
    await world.start();
    expect((await ana.get('/')).status).toBe(401);
  });

  it('logs a browser out after 30 days', async () => {
    const ana = world.browser();
    await logIn(ana);
    now += 29 * 24 * 3_600_000;
    expect((await ana.get('/')).status).toBe(200);
    now += 2 * 24 * 3_600_000;
    expect((await ana.get('/')).status).toBe(401);
  });

  it.each(['', '1', '99999999999999.', '99999999999999.AAAA', '.'])(
    'takes no made-up cookie: "%s"',
    async (token) => {
      const stranger = world.browser();
      stranger.cookies.set('parley_login', token);
      expect((await stranger.get('/')).status).toBe(401);
    },
  );

  it('cannot be guessed: after five wrong tries one must wait', async () => {
    for (let tried = 1; tried <= 5; tried += 1) {
      expect(await logIn(world.browser(), `guess ${tried}`)).toMatchObject({
        status: 401,
        text: expect.stringContaining('not the password'),
      });
    }
    expect(await logIn()).toMatchObject({ status: 429, headers: { 'retry-after': '10' } });
    now += 10_000;
    expect((await logIn()).status).toBe(303);
  });

  it('cannot be tried by a page of another web site', async () => {
    const foreign = await logIn(world.browser(), planted.password, {
      Origin: 'https://evil.example',
    });
    expect(foreign.status).toBe(403);
  });

  it('lets in a browser behind a proxy that changes the name', async () => {
    const origin = { Origin: 'https://parley.example', Host: 'inside:3000' };
    const known = { ...origin, 'Sec-Fetch-Site': 'same-origin' };
    expect((await logIn(world.browser(), planted.password, known)).status).toBe(303);
    const foreign = { ...origin, 'Sec-Fetch-Site': 'cross-site' };
    expect((await logIn(world.browser(), planted.password, foreign)).status).toBe(403);
    expect((await logIn(world.browser(), planted.password, origin)).status).toBe(403);
  });

  it('cannot be guessed many times at once, either', async () => {
    const guesses = Array.from({ length: 12 }, (_, n) => `password=guess${n}`);
    const asking = guesses.map((body) => {
      const asked = request({
        host: '127.0.0.1',
        port: world.port,
        path: '/login',
        method: 'POST',
        headers: { 'Content-Length': body.length },
        agent: false,
      });
      asked.flushHeaders();
      const status = new Promise<number | undefined>((resolve, reject) => {
        asked.on('error', reject);
        asked.on('response', (response) => {
          response.resume();
          resolve(response.statusCode);
        });
      });
      return { asked, body, status };
    });
    // By now the server has seen the beginning of all of them.
    await world.browser().get('/');
    for (const { asked, body } of asking) asked.end(body);
    const statuses = await Promise.all(asking.map(({ status }) => status));
    expect(statuses.filter((status) => status === 401)).toHaveLength(5);
    expect(statuses.filter((status) => status === 429)).toHaveLength(7);
  });
});

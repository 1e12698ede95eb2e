import { hash, randomUUID } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { conversationId } from '../../src/core/domain/conversation.ts';
import { leakCanaries } from '../fakes/leak-canaries.ts';
import { WebWorld } from '../worlds/web-world.ts';

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
  expect(cookie).toMatch(
    new RegExp(`^parley_session_127\\.0\\.0\\.1_${world.port}=[\\da-f-]{36}\\.[\\w-]{43}; `),
  );
  expect(cookie).toContain('HttpOnly');
  expect(cookie).toContain('SameSite=Strict');
  expect(cookie).not.toBe(second.headers['set-cookie']?.[0]);
  expect(first.text).not.toContain(/=([^;]*)/.exec(cookie)?.[1]);
});

it('keeps the session of a browser that comes again', async () => {
  const ana = await world.visitor();
  const before = ana.cookie('session');
  const again = await ana.post('/api/session', {});
  expect(ana.cookie('session')).toBe(before);
  expect(JSON.parse(again.text)).toMatchObject({ fresh: false });
});

it('writes no browser’s secret into a log or the store', async () => {
  const ana = await world.visitor();
  const [secret = ''] = ana.cookie('session').split('.');
  const here = randomUUID();
  await ana.say(here, `Hello ${leakCanaries.words}`);
  await vi.waitFor(() => expect(world.model.answers).toHaveLength(1));
  world.model.answers[0]!.write(`Hey. ${leakCanaries.words}`).end();
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
  for (const path of ['/', '/assets/main.js', '/assets/vendor/marked.js', '/nothing']) {
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
            Cookie: [...ana.cookies].map((pair) => pair.join('=')).join('; '),
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

describe('a session', () => {
  const dayMs = 24 * 3_600_000;

  /** A browser with a cookie as versions before had it, and with something that it wrote or not. */
  async function before(wrote: boolean) {
    const browser = world.browser();
    const secret = randomUUID();
    browser.cookies.set('parley_session', secret);
    const session = hash('sha256', secret).slice(0, 32);
    const here = randomUUID();
    if (wrote) {
      const message = {
        id: 'm',
        conversation: conversationId('web', session, here),
        author: { id: session },
        text: 'Written before',
        sentAt: 1,
        kind: 'context' as const,
      };
      await world.store.accept({ ...message, kind: 'question' }, { stops: false, tokens: 1 });
    }
    return { browser, here };
  }

  it('cannot be planted: what this server did not sign is none', async () => {
    const victim = world.browser();
    const secret = randomUUID();
    const name = `parley_session_127.0.0.1_${world.port}`;
    for (const planted of [secret, `${secret}.`, `${secret}.${'A'.repeat(43)}`]) {
      for (const cookie of [name, 'parley_session']) {
        victim.cookies.clear();
        victim.cookies.set(cookie, planted);
        expect(await victim.say(randomUUID(), 'Mine')).toMatchObject({ status: 401 });
        expect(JSON.parse((await victim.post('/api/session', {})).text)).toMatchObject({
          fresh: true,
        });
        expect(victim.cookie('session')).not.toContain(secret);
      }
    }
  });

  it('is none of this server if another one signed it', async () => {
    const other = new WebWorld();
    await other.start();
    const elsewhere = await other.visitor();
    await other.end();
    const victim = world.browser();
    victim.cookies.set(`parley_session_127.0.0.1_${world.port}`, elsewhere.cookie('session'));
    expect(await victim.say(randomUUID(), 'Mine')).toMatchObject({ status: 401 });
  });

  it('outlives a restart', async () => {
    const ana = await world.visitor();
    await world.restart();
    expect(await ana.say(randomUUID(), 'Still me')).toMatchObject({ status: 202 });
  });

  it('of before is exchanged for 30 days if something was written in it', async () => {
    let now = Date.now();
    await world.stop();
    world.options = { now: () => now };
    await world.start();
    const [ana, ben] = [await before(true), await before(true)];
    expect(await ana.browser.say(ana.here, 'More')).toMatchObject({ status: 401 });
    const exchanged = await ana.browser.post('/api/session', {});
    expect(JSON.parse(exchanged.text)).toMatchObject({ fresh: false });
    const page = await ana.browser.open(ana.here);
    await vi.waitFor(() => expect(page.transcript.join()).toContain('Written before'));
    page.close();

    now += 31 * dayMs;
    const late = await ben.browser.post('/api/session', {});
    expect(JSON.parse(late.text)).toMatchObject({ fresh: true });
    const none = await ben.browser.open(ben.here);
    await vi.waitFor(() => expect(none.events).toBeGreaterThan(0));
    expect(none.transcript).toEqual([]);
    none.close();
    // What was exchanged stays.
    expect(await ana.browser.say(ana.here, 'More')).toMatchObject({ status: 202 });
  });

  it('of before with nothing written in it is a new one', async () => {
    const { browser } = await before(false);
    const answer = await browser.post('/api/session', {});
    expect(JSON.parse(answer.text)).toMatchObject({ fresh: true });
  });

  it.each([
    ['https', true],
    ['https, http', true],
    ['HTTPS,http', true],
    ['http', false],
    ['http, https', false],
  ])('behind proxies that say "%s" is for https alone: %s', async (proto, secure) => {
    const { headers } = await world
      .browser()
      .post('/api/session', {}, { 'X-Forwarded-Proto': proto });
    const [cookie = ''] = headers['set-cookie'] ?? [];
    expect(cookie.startsWith('__Host-parley_session_')).toBe(secure);
    expect(/; Secure(;|$)/.test(cookie)).toBe(secure);
  });

  it('cannot be made as often as one likes', async () => {
    const fresh = () => world.browser().post('/api/session', {});
    const ana = await world.visitor();
    const answers = await Promise.all(Array.from({ length: 120 }, fresh));
    const refused = answers.find(({ status }) => status === 429);
    expect(answers.filter(({ status }) => status === 200).length).toBeLessThan(100);
    expect(refused).toMatchObject({
      headers: { 'retry-after': expect.stringMatching(/^\d+$/) },
      text: expect.stringContaining('Try again in'),
    });
    // Whoever has one goes on.
    expect((await ana.post('/api/session', {})).status).toBe(200);
    expect(await ana.say(randomUUID(), 'Hi')).toMatchObject({ status: 202 });
  });

  it('cannot be made often from one address, and others are not kept out by it', async () => {
    await world.stop();
    const addressOf = (asked: IncomingMessage) => String(asked.headers['x-test-address']);
    world.options = { addressOf };
    await world.start();
    const from = (address: string) =>
      world.browser().post('/api/session', {}, { 'X-Test-Address': address });
    const answers = await Promise.all(Array.from({ length: 40 }, () => from('10.0.0.1')));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(20);
    expect((await from('10.0.0.2')).status).toBe(200);
  });

  it('has a share of the open pages, and leaves the others to others', async () => {
    const [ana, ben] = [await world.visitor(), await world.visitor()];
    const open = (browser: typeof ana) => browser.open(randomUUID());
    const pages = await Promise.all(Array.from({ length: 25 }, () => open(ana)));
    expect(pages.filter(({ status }) => status === 200)).toHaveLength(20);
    const refused = await ana.get(`/api/conversations/${randomUUID()}/events`);
    expect(refused).toMatchObject({ status: 503, text: expect.stringContaining('close one') });
    const other = await open(ben);
    expect(other.status).toBe(200);
    for (const page of [...pages, other]) page.close();
  });
});

describe('with a password', () => {
  let now = 0;

  beforeEach(async () => {
    await world.stop();
    now = Date.now();
    world.options = { host: '0.0.0.0', password: leakCanaries.password, now: () => now };
    await world.start();
  });

  function logIn(
    browser = world.browser(),
    password: string = leakCanaries.password,
    headers = {},
  ) {
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
    expect((await stranger.post('/api/session', {})).status).toBe(401);
    expect((await stranger.get(`/api/conversations/${randomUUID()}/events`)).status).toBe(401);
    expect((await stranger.say(randomUUID(), 'Hi')).status).toBe(401);
  });

  it('lets in whoever knows it, and out again', async () => {
    const ana = world.browser();
    expect(await logIn(ana)).toMatchObject({ status: 303, headers: { location: '/' } });
    expect((await ana.get('/')).status).toBe(200);
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
      (await logIn(world.browser(), leakCanaries.password, { 'X-Forwarded-Proto': 'https' }))
        .headers['set-cookie'] ?? [];
    expect(behindTls).toMatch(/^__Host-parley_login_.*; Secure/);
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
      stranger.cookies.set(`parley_login_127.0.0.1_${world.port}`, token);
      expect((await stranger.get('/')).status).toBe(401);
    },
  );

  it('lets the right one in after any number of wrong ones', async () => {
    const guesses = Array.from({ length: 11 }, (_, i) => logIn(world.browser(), `guess ${i}`));
    await Promise.all(guesses);
    expect((await logIn()).status).toBe(303);
    expect((await Promise.all(guesses)).map(({ status }) => status)).toEqual(
      guesses.map(() => 401),
    );
  });

  it('lets a browser that was logged in before in beside a flood of wrong ones', async () => {
    const ana = world.browser();
    await logIn(ana);
    await ana.post('/api/session', {});
    await ana.ask('/logout', { method: 'POST' });
    const guesses = Array.from({ length: 80 }, (_, i) =>
      world.browser().begin('/login', `password=guess${i}`),
    );
    // By now the server has all of them: those that find no place are told so.
    await vi.waitFor(() =>
      expect(guesses.filter(({ status }) => status === 429).length).toBeGreaterThan(5),
    );
    expect((await logIn(ana)).status).toBe(303);
    for (const guess of guesses) guess.abort();
  });

  it('cannot be tried by a page of another web site', async () => {
    const foreign = await logIn(world.browser(), leakCanaries.password, {
      Origin: 'https://evil.example',
    });
    expect(foreign.status).toBe(403);
  });

  it('lets in a browser behind a proxy that changes the name, where that is listed', async () => {
    const origin = { Origin: 'https://parley.example', Host: 'inside:3000' };
    const known = { ...origin, 'Sec-Fetch-Site': 'same-origin' };
    expect((await logIn(world.browser(), leakCanaries.password, known)).status).toBe(403);
    await world.stop();
    world.options = { ...world.options, hosts: ['inside'] };
    await world.start();
    expect((await logIn(world.browser(), leakCanaries.password, known)).status).toBe(303);
    const foreign = { ...origin, 'Sec-Fetch-Site': 'cross-site' };
    expect((await logIn(world.browser(), leakCanaries.password, foreign)).status).toBe(403);
    expect((await logIn(world.browser(), leakCanaries.password, origin)).status).toBe(403);
  });

  it('does not serve a name that was made to point here, even to who is logged in', async () => {
    const ana = world.browser();
    await logIn(ana);
    const cookie = [...ana.cookies].map((pair) => pair.join('=')).join('; ');
    for (const host of ['evil.example', `evil.example:${world.port}`, '10.0.0.1']) {
      const rebound = await world.browser().get('/', { Host: host, Cookie: cookie });
      expect(rebound).toMatchObject({
        status: 403,
        text: expect.stringContaining(`WEB_HOSTS=${host.split(':')[0]}`),
      });
    }
    await world.stop();
    world.options = { ...world.options, hosts: ['parley.example'] };
    await world.start();
    const named = await world.browser().get('/', { Host: 'parley.example' });
    expect(named.status).toBe(401);
    const health = await world.browser().get('/healthz', { Host: 'evil.example' });
    expect(health.status).toBe(200);
  });

  it('ends a login on the server, too: a copy of its cookie is worth nothing', async () => {
    const ana = world.browser();
    await logIn(ana);
    await ana.post('/api/session', {});
    const page = await ana.open(randomUUID());
    const copy = world.browser();
    for (const [name, value] of ana.cookies) copy.cookies.set(name, value);
    const other = world.browser();
    await logIn(other);
    await ana.ask('/logout', { method: 'POST' });
    await page.done;
    expect((await copy.get('/')).status).toBe(401);
    expect(await copy.say(randomUUID(), 'Hi')).toMatchObject({ status: 401 });
    expect((await other.get('/')).status).toBe(200);
    await world.restart();
    expect((await copy.get('/')).status).toBe(401);
    expect((await other.get('/')).status).toBe(200);
  });

  it('closes what a login has open that ended at another instance', async () => {
    await world.stop();
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    onTestFinished(() => void vi.useRealTimers());
    await world.start();
    const [ana, ben] = [world.browser(), world.browser()];
    await logIn(ana);
    await logIn(ben);
    await ana.post('/api/session', {});
    await ben.post('/api/session', {});
    const [page, other] = [await ana.open(randomUUID()), await ben.open(randomUUID())];
    const [id] = ana.cookie('login').split('.');
    // As the other instance does in the store that both have.
    await world.secrets.keep(`logout:${id}`, 'ended', 60_000);
    await vi.advanceTimersByTimeAsync(15_000);
    await page.done;
    expect(other.ended).toBe(false);
    other.close();
  });

  it('gives one login no more open pages for having many sessions', async () => {
    const ana = world.browser();
    await logIn(ana);
    const login = new Map(ana.cookies);
    const pages = [];
    for (let i = 0; i < 25; i += 1) {
      const browser = world.browser();
      for (const [name, value] of login) browser.cookies.set(name, value);
      await browser.post('/api/session', {});
      pages.push(await browser.open(randomUUID()));
    }
    expect(pages.filter(({ status }) => status === 200)).toHaveLength(20);
    for (const page of pages) page.close();
  });
});

import { randomUUID } from 'node:crypto';
import { leakCanaries } from '../../fakes/leak-canaries.ts';
import type { Attack, Counts } from './attacks.ts';
import type { Login } from './login.ts';
import { type Use, holdSockets, request } from './sockets.ts';

/** Requests of each kind that are under way at once. */
const together = 8;

const manyCookies = Array.from({ length: 300 }, (_, at) => `parley_x${at}=${'y'.repeat(25)}`);
const long = `${leakCanaries.words}${' '.repeat(40_000)}`;

/** 1,000 streams of one login, and requests that are wrong, huge or ended half-way. */
export const floodPage: Attack = async ({ port, person }, signal) => {
  const { cookie, host, stream } = person;
  const streams: Use = (socket) =>
    void socket.resume().write(request(`GET ${stream()}`, { Host: host, Cookie: cookie }));
  const aborted: Use = (socket) => {
    const headers = { Host: host, ...jsonHeaders(person), 'Content-Length': 100_000 };
    socket.write(request(`POST ${messages()}`, headers, '{"id":"'), () => socket.destroy());
  };
  const [held, broken, ...asked] = await Promise.all([
    holdSockets(port, { count: 1_000, uses: [streams] }, signal),
    holdSockets(port, { count: 20, uses: [aborted] }, signal),
    ...requests(person).map((one) => again(one, signal)),
  ]);
  const counts: Counts = {
    'streams tried': held.tried ?? 0,
    streams: held.made ?? 0,
    aborted: broken.made ?? 0,
  };
  for (const one of asked) {
    for (const [status, times] of Object.entries(one)) {
      counts[status] = (counts[status] ?? 0) + times;
    }
  }
  return counts;
};

/** What is asked for again and again. */
function requests(person: Login): ((signal: AbortSignal) => Promise<Response>)[] {
  const { origin, cookie } = person;
  const json = jsonHeaders(person);
  const post = (path: string, body: string, headers: Record<string, string>, signal: AbortSignal) =>
    fetch(origin + path, { method: 'POST', body, headers, redirect: 'manual', signal });
  const say = (text: string, signal: AbortSignal): Promise<Response> =>
    post(messages(), JSON.stringify({ id: randomUUID(), text }), json, signal);
  return [
    (signal) => fetch(origin, { headers: { cookie: manyCookies.join('; ') }, signal }),
    (signal) => fetch(`${origin}/api/nothing`, { headers: { cookie: cookie.repeat(40) }, signal }),
    (signal) => post('/login', `password=${randomUUID()}`, { origin, ...form }, signal),
    (signal) => post('/api/session', '{}', { ...json, cookie: loginOnly(cookie) }, signal),
    (signal) => say(long, signal),
    (signal) => say('x'.repeat(1_000_000), signal),
    (signal) => post(messages(), '['.repeat(200_000), json, signal),
  ];
}

const form = { 'content-type': 'application/x-www-form-urlencoded' };

function jsonHeaders({ origin, cookie }: Login): Record<string, string> {
  return { origin, cookie, 'content-type': 'application/json' };
}

function messages(): string {
  return `/api/conversations/${randomUUID()}/messages`;
}

/** As a browser that has logged in and has no session yet. */
function loginOnly(cookie: string): string {
  return cookie.split('; ')[0] ?? '';
}

async function again(
  ask: (signal: AbortSignal) => Promise<Response>,
  signal: AbortSignal,
): Promise<Counts> {
  const counts: Counts = {};
  const count = (key: string): void => void (counts[key] = (counts[key] ?? 0) + 1);
  const askOn = async (): Promise<void> => {
    while (!signal.aborted) {
      try {
        const response = await ask(signal);
        await response.arrayBuffer();
        count(`HTTP ${response.status}`);
      } catch {
        // Connections that are closed are what is to be expected; the counts say how many.
        if (!signal.aborted) count('closed');
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
  };
  await Promise.all(Array.from({ length: together }, askOn));
  return counts;
}

import { randomUUID } from 'node:crypto';
import type { Target } from './attacks.ts';

/** Somebody who knows the page's password and means no good. */
export interface Login {
  readonly origin: string;
  /** The page's cookies are named for it. */
  readonly host: string;
  readonly cookie: string;
  /** The path of the events of a conversation of theirs, another one each time. */
  readonly stream: () => string;
}

/** Takes a session as the page does. */
export async function login({ port, password }: Omit<Target, 'person'>): Promise<Login> {
  const origin = `http://127.0.0.1:${port}`;
  let cookie = '';
  const keep = (response: Response): void => {
    const cookies = response.headers.getSetCookie().map((one) => one.split(';')[0] ?? '');
    cookie = [...(cookie === '' ? [] : [cookie]), ...cookies].join('; ');
  };
  const form = new URLSearchParams({ password });
  const post = { method: 'POST', headers: { origin }, redirect: 'manual' } as const;
  keep(await fetch(`${origin}/login`, { ...post, body: form }));
  const headers = { origin, cookie, 'content-type': 'application/json' };
  keep(await fetch(`${origin}/api/session`, { ...post, headers, body: '{}' }));
  return {
    origin,
    host: `127.0.0.1:${port}`,
    cookie,
    stream: () => `/api/conversations/${randomUUID()}/events`,
  };
}

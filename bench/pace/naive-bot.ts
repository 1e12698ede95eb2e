import { setTimeout as pause } from 'node:timers/promises';
import type { Bot } from './bot.ts';
import type { Case } from './cases.ts';
import { tokensFor, type TokenTimes } from './paced-model.ts';
import type { QuestionLocation, SimulatedPlatform } from './simulated-platform.ts';

const editEveryMs = 1_000;

/** What a naive bot does on a platform; resolves to the new message's id. */
interface NaiveCalls {
  readonly pageChars: number;
  post(location: QuestionLocation, text: string): Promise<string>;
  edit(location: QuestionLocation, id: string, text: string): Promise<unknown>;
}

/**
 * A bot as most are: it posts the first words, edits every second and at the end, and sends what
 * was refused again as it was, after the time that the platform asked for.
 */
export function naiveBot(
  measured: Case,
  platform: Pick<SimulatedPlatform, 'apiUrl' | 'token'>,
  onDone: (count: number) => void,
): Promise<Bot> {
  const written = new Map<number, TokenTimes>();
  const complaints = new Map<string, number>();
  const stopping = new AbortController();
  const { signal } = stopping;
  const hands =
    measured.platform === 'slack' ? slackHands(platform, signal) : discordHands(platform, signal);
  let done = 0;
  const answers: Promise<void>[] = [];

  async function answer(number: number, location: QuestionLocation): Promise<void> {
    const pages: string[] = [];
    const shown: string[] = [];
    const note: TokenTimes = { at: [], ends: [] };
    written.set(number, note);
    let text = '';
    let over = false;
    const first = Promise.withResolvers<void>();
    const reading = (async () => {
      for await (const token of tokensFor(number, measured, note, signal)) {
        text += token;
        first.resolve();
      }
      over = true;
    })();
    await Promise.race([first.promise, reading]);
    for (;;) {
      const ending = over;
      const now = text;
      for (let page = 0; page * hands.pageChars < now.length; page += 1) {
        const part = now.slice(page * hands.pageChars, (page + 1) * hands.pageChars);
        const id = pages[page];
        if (id === undefined) pages[page] = await hands.post(location, part);
        else if (shown[page] !== part) await hands.edit(location, id, part);
        shown[page] = part;
      }
      if (ending) break;
      await Promise.race([pause(editEveryMs, undefined, { signal }), reading]);
    }
    await reading;
    onDone((done += 1));
  }

  return Promise.resolve({
    written,
    complaints,
    hear(number, location) {
      answers.push(
        answer(number, location).catch((error: unknown) => {
          if (!signal.aborted) complaints.set(String(error), 1);
        }),
      );
    },
    async stop() {
      stopping.abort();
      await Promise.all(answers);
    },
  });
}

/** Until it is taken. */
async function insisting(
  call: () => Promise<Response>,
  signal: AbortSignal,
): Promise<Record<string, unknown>> {
  for (;;) {
    const response = await call();
    const body = (await response.json()) as Record<string, unknown>;
    if (response.status !== 429) {
      if (response.ok && body['ok'] !== false) return body;
      throw new Error(`status ${response.status}: ${JSON.stringify(body)}`);
    }
    const seconds = Number(body['retry_after'] ?? response.headers.get('retry-after') ?? 1);
    await pause(seconds * 1_000, undefined, { signal });
  }
}

function slackHands(
  { apiUrl, token }: Pick<SimulatedPlatform, 'apiUrl' | 'token'>,
  signal: AbortSignal,
): NaiveCalls {
  const call = (method: string, body: object) =>
    insisting(
      () =>
        fetch(`${apiUrl}${method}`, {
          method: 'POST',
          headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
          body: JSON.stringify(body),
          signal,
        }),
      signal,
    );
  const quiet = { unfurl_links: false, unfurl_media: false };
  return {
    pageChars: 9_000,
    async post({ channel, id }, markdown_text) {
      const posting = { channel, thread_ts: id, markdown_text, ...quiet };
      return String((await call('chat.postMessage', posting))['ts']);
    },
    edit: ({ channel }, ts, markdown_text) => call('chat.update', { channel, ts, markdown_text }),
  };
}

function discordHands(
  { apiUrl, token }: Pick<SimulatedPlatform, 'apiUrl' | 'token'>,
  signal: AbortSignal,
): NaiveCalls {
  const call = (method: string, path: string, body: object) =>
    insisting(
      () =>
        fetch(`${apiUrl}/v10${path}`, {
          method,
          headers: { authorization: `Bot ${token}`, 'content-type': 'application/json' },
          body: JSON.stringify(body),
          signal,
        }),
      signal,
    );
  const quiet = { allowed_mentions: { parse: [], replied_user: false }, flags: 4 };
  return {
    pageChars: 2_000,
    async post({ channel, id }, content) {
      const posting = { content, message_reference: { message_id: id }, ...quiet };
      return String((await call('POST', `/channels/${channel}/messages`, posting))['id']);
    },
    edit: ({ channel }, id, content) =>
      call('PATCH', `/channels/${channel}/messages/${id}`, { content, ...quiet }),
  };
}

import { DiscordAPIError, HTTPError, RateLimitError } from 'discord.js';
import { describe, expect, it } from 'vitest';
import { CallFailed } from '../../../../../src/core/domain/errors.ts';
import {
  toCoreError,
  DiscordApiError,
  remedyFor,
} from '../../../../../src/platforms/discord/api/api-errors.ts';

const request = { files: undefined, body: undefined };

function refusal(code: number | undefined, status: number, more: object = {}) {
  const raw = { code, message: 'no', ...more } as { code: number; message: string };
  return new DiscordAPIError(raw, code as number, status, 'POST', 'http://discord', request);
}

function limited(more: { retryAfter?: number; timeToReset?: number; global?: boolean }) {
  return new RateLimitError({
    global: false,
    method: 'POST',
    url: 'http://discord',
    route: '/channels/:id/messages',
    majorParameter: '1',
    hash: 'h',
    limit: 5,
    timeToReset: 0,
    retryAfter: 0,
    sublimitTimeout: 0,
    scope: 'user',
    ...more,
  });
}

describe('a failed call', () => {
  it('waits as long as Discord asks, and not at all in a hurry where it does not say', () => {
    expect(toCoreError(limited({ retryAfter: 7_000 }), 'c')).toMatchObject({
      name: 'RateLimited',
      retryAfterMs: 7_000,
    });
    expect(toCoreError(limited({ retryAfter: 300, timeToReset: 900 }), 'c')).toMatchObject({
      retryAfterMs: 900,
    });
    expect(toCoreError(limited({ timeToReset: 50 }), 'c')).toMatchObject({ retryAfterMs: 5_000 });
  });

  it('of the limit over all spends nothing else', () => {
    expect(toCoreError(limited({ retryAfter: 1_000, global: true }), 'c')).toMatchObject({
      budgetKey: 'discord:global',
    });
    expect(toCoreError(limited({ retryAfter: 1_000 }), 'c')).toMatchObject({
      budgetKey: undefined,
    });
  });

  it.each([20_016, 20_028])('%s is a limit, whatever its status', (code) => {
    expect(toCoreError(refusal(code, 400, { retry_after: 2.5 }), 'c')).toMatchObject({
      name: 'RateLimited',
      retryAfterMs: 2_500,
    });
  });

  it.each([10_003, 10_008])('%s: people removed it', (code) => {
    expect(toCoreError(refusal(code, 404), 'c')).toMatchObject({
      name: 'Rejected',
      reason: 'removed',
      code,
    });
  });

  it('is no mistake where the message that is replied to is gone', () => {
    const errors = { message_reference: { _errors: [] } };
    const gone = toCoreError(refusal(50_035, 400, { errors }), 'c') as DiscordApiError;
    expect(gone).toMatchObject({ reason: 'removed', code: 50_035 });
    expect(remedyFor(gone, '/channels/1/messages')).toBeUndefined();
    const wrong = toCoreError(
      refusal(50_035, 400, { errors: { content: {} } }),
      'c',
    ) as DiscordApiError;
    expect(wrong).toMatchObject({ reason: 'refused' });
    expect(remedyFor(wrong, '/channels/1/messages')).toContain('report');
  });

  it.each([50_001, 50_013, 50_007, 50_278, 200_000, 240_000, 30_046, 1])(
    '%s: Discord refuses',
    (code) => {
      expect(toCoreError(refusal(code, 403), 'c')).toMatchObject({ reason: 'refused', code });
    },
  );

  it.each([
    ['a token that is not accepted', refusal(0, 401)],
    ['a page of Cloudflare', refusal(undefined, 403)],
    ['a block on the way', refusal(40_333, 403)],
    ['an overload', refusal(130_000, 400)],
    ['an error of the server', new HTTPError(503, 'away', 'POST', 'http://discord', request)],
    ['a time-out', new DOMException('aborted', 'AbortError')],
    ['a reset', Object.assign(new Error('reset'), { code: 'ECONNRESET' })],
    ['a closed connection', Object.assign(new Error('closed'), { code: 'UND_ERR_SOCKET' })],
    ['a name that is not found', new TypeError('failed', { cause: { code: 'ENOTFOUND' } })],
    ['an answer that is no JSON', new SyntaxError('Unexpected end of JSON input')],
    ['a token that is known to be bad', new Error('Expected token to be set for this request')],
  ])('may pass: %s', (_, error) => {
    expect(toCoreError(error, 'c')).toBeInstanceOf(CallFailed);
  });

  it.each([
    new TypeError('x is not a function'),
    Object.assign(new TypeError('bad argument'), { code: 'ERR_INVALID_ARG_TYPE' }),
  ])('that is a mistake of ours is not hidden: %s', (error) => {
    expect(toCoreError(error, 'c')).toBe(error);
  });
});

describe('what to do', () => {
  it.each([
    [50_001, '/channels/1/messages', 'View Channel'],
    [50_013, '/channels/1/messages', 'Send Messages in Threads'],
    [50_013, '/channels/1', 'unlock'],
    [160_002, '/channels/1/messages', 'Read Message History'],
    [160_006, '/channels/1/messages/2/threads', 'DISCORD_REPLY_IN=channel'],
    [200_000, '/channels/1/messages', 'AutoMod'],
    [240_000, '/channels/1/messages', 'link filter'],
  ] as const)('is said of %s for %s', (code, path, words) => {
    expect(remedyFor(new DiscordApiError('c', code, 'no'), path)).toContain(words);
  });

  it.each([10_003, 10_008, 50_007])('is nothing of %s', (code) => {
    expect(remedyFor(new DiscordApiError('c', code, 'no'), '/channels/1/messages')).toBeUndefined();
  });
});

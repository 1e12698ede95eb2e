import { webApi } from '@slack/bolt';
import { describe, expect, it } from 'vitest';
import { CallFailed, RateLimited } from '../../../../../src/core/domain/errors.ts';
import {
  toCoreError,
  type SlackApiError,
  remedyFor,
} from '../../../../../src/platforms/slack/api/api-errors.ts';

function answer(error: string, more: Record<string, unknown> = {}) {
  return new webApi.WebAPIPlatformError({ ok: false, error, ...more });
}

describe('a failed call', () => {
  it('waits as long as Slack asks', () => {
    expect(toCoreError(new webApi.WebAPIRateLimitedError(7), 'm')).toMatchObject({
      name: 'RateLimited',
      retryAfterMs: 7_000,
    });
    const inBody = answer('ratelimited', { response_metadata: { retryAfter: 3 } });
    expect(toCoreError(inBody, 'm')).toMatchObject({ name: 'RateLimited', retryAfterMs: 3_000 });
    expect(toCoreError(answer('ratelimited'), 'm')).toMatchObject({ retryAfterMs: 1_000 });
    expect(
      toCoreError(new Error('Retry header did not contain a valid timeout'), 'm'),
    ).toBeInstanceOf(RateLimited);
  });

  it.each(['message_not_found', 'thread_not_found'])('%s: people removed it', (error) => {
    expect(toCoreError(answer(error), 'm')).toMatchObject({ name: 'Rejected', reason: 'removed' });
  });

  it.each(['is_archived', 'not_in_channel', 'edit_window_closed', 'a_new_one'])(
    '%s: Slack refuses',
    (error) => {
      expect(toCoreError(answer(error), 'm')).toMatchObject({ reason: 'refused', code: error });
    },
  );

  it.each([
    answer('internal_error'),
    answer('<html><body>Bad gateway</body></html>'),
    new webApi.WebAPIHTTPError(503, 'away', {}, ''),
    new webApi.WebAPIRequestError(new Error('ECONNRESET')),
  ])('may have been applied: %s', (error) => {
    expect(toCoreError(error, 'm')).toBeInstanceOf(CallFailed);
    expect(toCoreError(error, 'm')).toHaveProperty('cause', error);
  });

  it('of our own making stays what it is', () => {
    const error = new TypeError('x is undefined');
    expect(toCoreError(error, 'm')).toBe(error);
  });

  it('says which scope is missing, and where to add it', () => {
    const refused = toCoreError(
      answer('missing_scope', { needed: 'im:read' }),
      'm',
    ) as SlackApiError;
    expect(remedyFor(refused)).toMatch(/scope im:read under "OAuth & Permissions" at https:/);
  });
});

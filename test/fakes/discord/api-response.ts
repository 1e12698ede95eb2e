import type { BucketState } from './bucket.ts';
import type { Payload } from './payload.ts';
import type { ApiError } from './api-error.ts';

/** What goes back. */
export interface ApiResponse {
  readonly status: number;
  /** Absent with 204. */
  readonly body?: Payload | Payload[];
  readonly headers?: Readonly<Record<string, string>>;
  /** The bucket that the headers tell of. */
  readonly told?: { readonly key: [route: string, major: string]; readonly state: BucketState };
}

export function errorResponse(refusal: ApiError): ApiResponse {
  const { status, body, retryAfter } = refusal;
  if (retryAfter === undefined) return { status, body };
  return { status, body, headers: { 'retry-after': String(Math.ceil(retryAfter)) } };
}

/** 429, as it looks for all rate limits. */
export function rateLimitedResponse(
  seconds: number,
  scope: 'user' | 'shared' | 'global' = 'user',
): ApiResponse {
  const retryAfter = Math.ceil(seconds * 1_000) / 1_000;
  const isGlobal = scope === 'global';
  const message = 'You are being rate limited.';
  return {
    status: 429,
    body: { message, retry_after: retryAfter, global: isGlobal },
    headers: {
      'retry-after': String(Math.max(1, Math.ceil(seconds))),
      'x-ratelimit-scope': scope,
      ...(isGlobal ? { 'x-ratelimit-global': 'true' } : {}),
    },
  };
}

/** What every answer tells of its rate limit. */
export function headersOf({ limit, remaining, resetAfterMs }: BucketState): Record<string, string> {
  // Rounded up, so that who waits that long does not come too early.
  const resetAfter = Math.ceil(resetAfterMs) / 1_000;
  return {
    'x-ratelimit-limit': String(limit),
    'x-ratelimit-remaining': String(remaining),
    'x-ratelimit-reset-after': resetAfter.toFixed(3),
    'x-ratelimit-reset': (Date.now() / 1_000 + resetAfter).toFixed(3),
  };
}

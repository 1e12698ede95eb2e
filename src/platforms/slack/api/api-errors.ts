import { webApi } from '@slack/bolt';
import { CallFailed, RateLimited, Rejected } from '../../../core/domain/errors.ts';
import { asRecord, asText } from '../../../core/foreign-data.ts';
import { describeBlockedPort, isPortBlocked } from '../../../core/ports/checkup.ts';

/** Slack refused a call, with its own error code. */
export class SlackApiError extends Rejected {
  /** Such as `channel_not_found`. */
  readonly code: string;
  /** The scope that is missing. */
  readonly needed: string | undefined;
  constructor(method: string, code: string, options: ErrorOptions & { needed?: string } = {}) {
    super(deletedCodes.has(code) ? 'removed' : 'refused', `${method}: ${code}`, options);
    this.code = code;
    this.needed = options.needed;
  }
}

/** What people deleted. */
const deletedCodes = new Set(['message_not_found', 'thread_not_found', 'cannot_reply_to_message']);

/** Error codes for trouble on Slack's side, though they look as if the call were wrong. */
const transientCodes = new Set([
  'internal_error',
  'fatal_error',
  'service_unavailable',
  'request_timeout',
  'team_added_to_org',
  'accesslimited',
]);

const rateLimitCodes = new Set(['ratelimited', 'rate_limited']);

/** What is waited where Slack gives no time, in milliseconds. */
const defaultRetryMs = 1_000;

/**
 * What a failed call means to the core: `RateLimited`, `Refused` (a `Rejected`) or `CallFailed`.
 * Anything else is a mistake in this program and stays as it is.
 */
export function toCoreError(error: unknown, method: string): unknown {
  const cause = error;
  if (error instanceof webApi.WebAPIRateLimitedError) {
    return new RateLimited(Math.max(error.retryAfter * 1_000, defaultRetryMs), { cause });
  }
  if (error instanceof webApi.WebAPIPlatformError) {
    const data = asRecord(error.data);
    const code = asText(data['error']) ?? 'unknown_error';
    if (rateLimitCodes.has(code)) {
      const retryAfter = asRecord(data['response_metadata'])['retryAfter'];
      const seconds = typeof retryAfter === 'number' ? retryAfter : 0;
      return new RateLimited(Math.max(seconds * 1_000, defaultRetryMs), { cause });
    }
    // Not an error code of Slack's but an error page on the way.
    if (!/^[\w.:-]{1,80}$/.test(code) || transientCodes.has(code)) {
      return new CallFailed(`${method}: no answer of Slack's`, { cause });
    }
    const needed = asText(data['needed']);
    return new SlackApiError(method, code, { cause, ...(needed === undefined ? {} : { needed }) });
  }
  if (error instanceof webApi.WebAPIHTTPError || error instanceof webApi.WebAPIRequestError) {
    return new CallFailed(`${method}: no answer`, { cause });
  }
  // web-api throws a bare Error for a 429 without a Retry-After.
  if (error instanceof Error && error.message.startsWith('Retry header')) {
    return new RateLimited(defaultRetryMs, { cause });
  }
  return error;
}

/** Where people mend an app. */
export const appPages = 'at https://api.slack.com/apps';

/** The operator's remedy; undefined where there is none. */
export function remedyFor(refused: SlackApiError): string | undefined {
  switch (refused.code) {
    case 'missing_scope':
      return `add the scope ${refused.needed ?? 'that the method needs'} under "OAuth & Permissions" ${appPages}, then reinstall the app`;
    case 'invalid_auth':
    case 'not_authed':
    case 'token_revoked':
    case 'token_expired':
    case 'account_inactive':
      return `the token is not valid (any more): copy the current one ${appPages}, then restart`;
    case 'not_allowed_token_type':
      return 'SLACK_BOT_TOKEN begins with xoxb-, SLACK_APP_TOKEN with xapp-: they may be interchanged';
    case 'not_in_channel':
      return 'invite the bot into the channel again if it is to answer there';
    case 'edit_window_closed':
    case 'cant_update_message':
      return 'let apps edit their messages at any time in the settings of the workspace';
    case 'restricted_action':
      return 'allow the app to post there in the settings of the workspace or the channel';
    default:
      return undefined;
  }
}

const apiUrlSetting = 'SLACK_API_URL';
/** Slack's own answers are 200, whatever they say, but for rate limits and outages. */
const notFoundStatuses = new Set([301, 302, 307, 308, 404, 405, 410]);

/**
 * What is wrong with Slack's API elsewhere, if a failed call tells of it; undefined where it may
 * only be away.
 */
export function apiUrlProblem(
  error: unknown,
  apiUrl: string | undefined,
): { detail: string; remedy: string } | undefined {
  if (apiUrl === undefined || !(error instanceof Error)) return undefined;
  if (isPortBlocked(error)) return describeBlockedPort(apiUrlSetting, apiUrl);
  const { cause } = error;
  if (!(cause instanceof webApi.WebAPIHTTPError) || !notFoundStatuses.has(cause.statusCode)) {
    return undefined;
  }
  const { origin, pathname } = new URL(apiUrl);
  const path = pathname.replace(/\/+$/, '');
  const example = `${origin}${path.endsWith('/api') ? path : `${path}/api`}/`;
  return {
    detail: `Slack’s API is not at ${origin}${pathname} (status ${cause.statusCode})`,
    remedy: path.endsWith('/api')
      ? `correct ${apiUrlSetting}, or leave it out for Slack itself`
      : `${apiUrlSetting} ends with /api/ as a rule: set ${apiUrlSetting}=${example}, or leave it out for Slack itself`,
  };
}

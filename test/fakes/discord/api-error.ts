import type { Payload } from './payload.ts';

/** Discord's own words and HTTP status for each code. */
const known: Readonly<Record<number, readonly [status: number, message: string]>> = {
  0: [401, '401: Unauthorized'],
  10003: [404, 'Unknown Channel'],
  10004: [404, 'Unknown Guild'],
  10007: [404, 'Unknown Member'],
  10008: [404, 'Unknown Message'],
  10013: [404, 'Unknown User'],
  20028: [429, 'The write action you are performing on the channel has hit the write rate limit.'],
  30046: [429, 'Maximum number of edits to messages older than 1 hour reached. Try again later.'],
  40333: [403, 'internal network error'],
  50001: [403, 'Missing Access'],
  50003: [403, 'Cannot execute action on a DM channel'],
  50005: [403, 'Cannot edit a message authored by another user'],
  50006: [400, 'Cannot send an empty message'],
  50007: [403, 'Cannot send messages to this user'],
  50008: [400, 'Cannot send messages in a non-text channel'],
  50013: [403, 'Missing Permissions'],
  50021: [403, 'Cannot execute action on a system message'],
  50024: [400, 'Cannot execute action on this channel type'],
  50033: [400, 'Invalid Recipient(s)'],
  50035: [400, 'Invalid Form Body'],
  50083: [400, 'Thread is archived'],
  50109: [400, 'The request body contains invalid JSON.'],
  50278: [403, 'Cannot send messages to this user due to having no mutual guilds'],
  160002: [400, 'Cannot reply without permission to read message history'],
  160004: [400, 'A thread has already been created for this message'],
  160005: [400, 'Thread is locked'],
  160006: [400, 'Maximum number of active threads reached'],
  200000: [400, 'Message was blocked by automatic moderation'],
  240000: [400, 'Message blocked by harmful links filter'],
};

export interface ApiErrorOptions {
  readonly status?: number;
  readonly message?: string;
  readonly errors?: Payload;
  /** For those that are rate limits of their own, in seconds. */
  readonly retryAfter?: number;
  readonly cause?: unknown;
}

/** Discord's no: an HTTP status with a code. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: number;
  readonly errors: Payload | undefined;
  readonly retryAfter: number | undefined;

  constructor(code: number, options: ApiErrorOptions = {}) {
    const [status, message] = known[code] ?? [400, `error ${code}`];
    super(options.message ?? message, options.cause === undefined ? {} : { cause: options.cause });
    this.code = code;
    this.status = options.status ?? status;
    this.errors = options.errors;
    this.retryAfter = options.retryAfter;
  }

  get body(): Payload {
    return {
      message: this.message,
      code: this.code,
      ...(this.errors === undefined ? {} : { errors: this.errors }),
      ...(this.retryAfter === undefined ? {} : { retry_after: this.retryAfter, global: false }),
    };
  }
}

/** A path in the body, such as `message_reference.message_id`, with what is wrong there. */
export function invalid(path: string, code: string, message: string): ApiError {
  const errors = path
    .split('.')
    .reduceRight<Payload>((inner, key) => ({ [key]: inner }), { _errors: [{ code, message }] });
  return new ApiError(50035, { errors });
}

export function tooLong(path: string, most: number): ApiError {
  return invalid(path, 'BASE_TYPE_MAX_LENGTH', `Must be ${most} or fewer in length.`);
}

export function notSnowflake(path: string, value: unknown): ApiError {
  const shown = typeof value === 'string' ? value : JSON.stringify(value);
  return invalid(path, 'NUMBER_TYPE_COERCE', `Value "${shown}" is not snowflake.`);
}

import { DiscordAPIError, HTTPError, RateLimitError } from 'discord.js';
import { CallFailed, RateLimited, Rejected } from '../../../core/domain/errors.ts';
import { asRecord } from '../../../core/foreign-data.ts';
import { globalKey } from './rate-limits.ts';

/** Codes of Discord's that mean something of their own here. */
export const errorCodes = {
  unknownChannel: 10_003,
  unknownGuild: 10_004,
  unknownMember: 10_007,
  unknownMessage: 10_008,
  unknownUser: 10_013,
  slowmode: 20_016,
  writeLimit: 20_028,
  oldEdits: 30_046,
  blockedOnTheWay: 40_333,
  missingAccess: 50_001,
  cannotWriteToPerson: 50_007,
  missingPermissions: 50_013,
  invalidBody: 50_035,
  archived: 50_083,
  overloaded: 130_000,
  noMutualGuild: 50_278,
  cannotReply: 160_002,
  threadExists: 160_004,
  tooManyThreads: 160_006,
  blockedByAutoMod: 200_000,
  titleBlockedByAutoMod: 200_001,
  linkFilter: 240_000,
} as const;

/** Discord said no, with its own number for why. */
export class DiscordApiError extends Rejected {
  /** Of Discord's JSON error codes, such as 10008. */
  readonly code: number;
  constructor(
    call: string,
    code: number,
    message: string,
    options: ErrorOptions & { removed?: boolean } = {},
  ) {
    const removed = options.removed ?? deletedCodes.has(code);
    super(removed ? 'removed' : 'refused', `${call}: ${code} ${message}`, options);
    this.code = code;
  }
}

/** What people deleted. */
const deletedCodes = new Set<number>([errorCodes.unknownChannel, errorCodes.unknownMessage]);

/** Limits that come as errors: a slowed channel, and too much writing in one. */
const rateLimitCodes = new Set<number>([errorCodes.slowmode, errorCodes.writeLimit]);

/** What passes by itself: Discord is busy, or Cloudflare before it is. */
const transientCodes = new Set<number>([errorCodes.blockedOnTheWay, errorCodes.overloaded]);

/** What is waited where Discord gives no time, in milliseconds. */
const defaultRetryMs = 5_000;

/**
 * What a failed call means to the core: `RateLimited`, `Refused` (a `Rejected`) or `CallFailed`.
 * Anything else is a mistake in this program and stays as it is.
 */
export function toCoreError(error: unknown, call: string): unknown {
  const cause = error;
  if (error instanceof RateLimitError) {
    // Without a time, such as from Cloudflare, there is no hurry: each 429 counts towards a ban.
    const ms = error.retryAfter > 0 ? error.retryAfter : defaultRetryMs;
    return new RateLimited(Math.max(ms, error.timeToReset), {
      cause,
      ...(error.global ? { budgetKey: globalKey } : {}),
    });
  }
  if (error instanceof DiscordAPIError) {
    const { code, status, message } = error;
    if (typeof code !== 'number' || status === 401 || transientCodes.has(code)) {
      return new CallFailed(`${call}: ${status}`, { cause });
    }
    const { retry_after: seconds, errors } = asRecord(error.rawError);
    if (rateLimitCodes.has(code)) {
      return new RateLimited(typeof seconds === 'number' ? seconds * 1_000 : defaultRetryMs, {
        cause,
      });
    }
    // What a page replies to is gone.
    const removed = code === errorCodes.invalidBody && 'message_reference' in asRecord(errors);
    return new DiscordApiError(call, code, message, { cause, ...(removed ? { removed } : {}) });
  }
  if (error instanceof HTTPError) return new CallFailed(`${call}: ${error.status}`, { cause });
  if (isNetworkError(error)) return new CallFailed(`${call}: no answer`, { cause });
  return error;
}

/** Timeouts, resets, names that are not found, and answers that are no JSON. */
function isNetworkError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error.name === 'AbortError' || error.name === 'TimeoutError') return true;
  if (error instanceof SyntaxError || /token to be set/.test(error.message)) return true;
  return [asRecord(error), asRecord(error.cause)].some(
    // Node's own begin with ERR_ and mean a mistake in this program.
    ({ code }) => typeof code === 'string' && /^(?:E(?!RR_)|UND_ERR_)/.test(code),
  );
}

/**
 * What whoever runs Parley can do about it; undefined where that is nothing.
 *
 * @param path of the call, such as `/channels/1/messages`
 */
export function remedyFor({ code, reason }: DiscordApiError, path: string): string | undefined {
  if (reason === 'removed') return undefined;
  switch (code) {
    case errorCodes.missingAccess:
      return 'let the bot see the channel: give its role "View Channel" and "Read Message History" there';
    case errorCodes.missingPermissions:
      if (/^\/channels\/\d+$/.test(path)) {
        return 'unlock the thread, or give the bot’s role "Manage Threads" there, if answers in it are to go on';
      }
      return 'give the bot’s role "Send Messages", "Send Messages in Threads" and "Create Public Threads" there';
    case errorCodes.cannotReply:
      return 'give the bot’s role "Read Message History" there, so that it can reply to messages';
    case errorCodes.blockedByAutoMod:
    case errorCodes.titleBlockedByAutoMod:
      return 'except the bot’s role from the AutoMod rule, if answers like this are welcome';
    case errorCodes.linkFilter:
      return 'except the bot’s role from the server’s link filter, if answers with links are welcome';
    case errorCodes.tooManyThreads:
      return 'archive threads that are over, or set DISCORD_REPLY_IN=channel: the server has as many as Discord allows';
    case errorCodes.invalidBody:
      return 'this is a mistake in Parley: please report it';
    default:
      return undefined;
  }
}

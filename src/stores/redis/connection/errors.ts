import { StoreUnavailable } from '../../../core/domain/errors.ts';

/** Redis' error codes that tell us something, by what is to be done about them. */
const codes: Readonly<Record<string, 'full' | 'disk' | 'damaged' | 'passing' | 'denied'>> = {
  OOM: 'full',
  MISCONF: 'disk',
  WRONGTYPE: 'damaged',
  // After a failover, while it loads its data, or while it is busy: soon over.
  READONLY: 'passing',
  LOADING: 'passing',
  BUSY: 'passing',
  MASTERDOWN: 'passing',
  CLUSTERDOWN: 'passing',
  TRYAGAIN: 'passing',
  MOVED: 'passing',
  ASK: 'passing',
  UNBLOCKED: 'passing',
  NOREPLICAS: 'passing',
  NOAUTH: 'denied',
  WRONGPASS: 'denied',
  NOPERM: 'denied',
};

/** Redis 6 hides the code of a step in a script behind the place in the script. */
const inScript = new RegExp(
  `^ERR Error running script.*?\\b(${Object.keys(codes).join('|')})\\b`,
  's',
);

/** The code of an error that Redis gave as an answer; undefined for any other error. */
export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || error.name !== 'ReplyError') return undefined;
  return inScript.exec(error.message)?.[1] ?? /^[A-Z]+/.exec(error.message)?.[0] ?? 'ERR';
}

/** Whether the same step may well be taken a moment later. Its answer may only have been lost. */
export function isPassing(error: unknown): boolean {
  if (error instanceof StoreUnavailable) return false;
  const code = codeOf(error);
  return code === undefined ? isFromConnection(error) : codes[code] === 'passing';
}

/** What a fault during a step means to the caller; errors of our own stay as they are. */
export function toStoreFault(error: unknown): unknown {
  if (error instanceof StoreUnavailable) return error;
  const cause = bare(error);
  const code = codeOf(error);
  if (code === undefined) {
    if (!isFromConnection(error)) return error;
    return new StoreUnavailable('away', 'Redis does not answer', { cause });
  }
  switch (codes[code]) {
    case 'full':
      return new StoreUnavailable('full', 'Redis has no memory left (maxmemory)', {
        cause,
        trouble: 'the memory of Redis is full',
      });
    case 'disk':
      return /no space left/i.test(cause.message)
        ? new StoreUnavailable('full', 'the disk of Redis is full', {
            cause,
            trouble: 'the disk of Redis is full',
          })
        : new StoreUnavailable('away', 'Redis cannot write to its disk', {
            cause,
            trouble: 'Redis cannot write to its disk',
          });
    case 'damaged':
      return new StoreUnavailable('damaged', 'a value in Redis is not what it should be', {
        cause,
      });
    case 'passing':
      return new StoreUnavailable(
        'away',
        code === 'READONLY' ? 'Redis is a read-only replica' : 'Redis cannot write now',
        { cause },
      );
    case 'denied':
      return new StoreUnavailable('away', 'Redis does not let us in; check REDIS_URL', { cause });
    case undefined:
    default:
      return cause;
  }
}

/** Whether a step met a value that is not what it should be; a later try meets it again. */
export function isDamage(error: unknown): boolean {
  return error instanceof StoreUnavailable && error.reason === 'damaged';
}

/** A connection that was lost, refused, never made, or silent. */
function isFromConnection(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ('syscall' in error || error.name === 'MaxRetriesPerRequestError') return true;
  return connectionFaults.test(error.message);
}

/** ioredis has no classes for these. */
const connectionFaults =
  /^(Connection is closed|Command timed out|Command aborted|Socket timeout|connect ETIMEDOUT|Stream isn't writeable|Cluster isn't ready|Cluster is ended|Too many Cluster redirections|Failed to refresh slots|None of startup nodes|No subscriber for the cluster|All sentinels are unreachable|Connection is (discarded|aborted))/;

/**
 * An error without the command that it belongs to: ioredis hangs that on, and with it people's
 * words and the password.
 */
export function bare(error: unknown): Error {
  if (!(error instanceof Error)) return new Error(String(error));
  const message = error.message.replace(/, with args beginning with.*$/s, '');
  const clean = new Error(message);
  clean.name = error.name;
  if ('code' in error && typeof error.code === 'string') Object.assign(clean, { code: error.code });
  return clean;
}

// Tested by test/integration/redis-faults.test.ts
import { BadConfiguration, StoreUnavailable } from '../../../core/domain/errors.ts';
import type { Target } from './redis-url.ts';

/** Redis' error codes that are told apart, by what can be done about them. */
const codes: Readonly<Record<string, 'full' | 'disk' | 'damaged' | 'transient' | 'denied'>> = {
  OOM: 'full',
  MISCONF: 'disk',
  WRONGTYPE: 'damaged',
  // After a failover, while it loads its data, or while it is busy: soon over.
  READONLY: 'transient',
  LOADING: 'transient',
  BUSY: 'transient',
  MASTERDOWN: 'transient',
  CLUSTERDOWN: 'transient',
  TRYAGAIN: 'transient',
  MOVED: 'transient',
  ASK: 'transient',
  UNBLOCKED: 'transient',
  NOREPLICAS: 'transient',
  NOAUTH: 'denied',
  WRONGPASS: 'denied',
  NOPERM: 'denied',
};

/** Redis 6 puts the code of an error in a script behind the line of the script. */
const inScript = new RegExp(
  `^ERR Error running script.*?\\b(${Object.keys(codes).join('|')})\\b`,
  's',
);

/** The code of an error reply; undefined for any other error. */
export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || error.name !== 'ReplyError') return undefined;
  return inScript.exec(error.message)?.[1] ?? /^[A-Z]+/.exec(error.message)?.[0] ?? 'ERR';
}

/** Whether the same step may succeed a moment later, or succeeded and only its reply was lost. */
export function isTransient(error: unknown): boolean {
  if (error instanceof StoreUnavailable) return false;
  const code = codeOf(error);
  return code === undefined ? isFromConnection(error) : codes[code] === 'transient';
}

/** Turns an error of a step into `StoreUnavailable`; errors of our own stay as they are. */
export function toStoreError(error: unknown): unknown {
  if (error instanceof StoreUnavailable) return error;
  const cause = withoutCommand(error);
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
    case 'transient':
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

/** Whether a step failed on a damaged value; repeating it would fail again. */
export function isDamage(error: unknown): boolean {
  return error instanceof StoreUnavailable && error.reason === 'damaged';
}

/** Whether the connection was lost, refused, never made, or silent. */
function isFromConnection(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ('syscall' in error || error.name === 'MaxRetriesPerRequestError') return true;
  return connectionErrors.test(error.message);
}

/** ioredis has no classes for these. */
const connectionErrors =
  /^(Connection is closed|Command timed out|Command aborted|Socket timeout|connect ETIMEDOUT|Stream isn't writeable|Cluster isn't ready|Cluster is ended|Too many Cluster redirections|Failed to refresh slots|None of startup nodes|No subscriber for the cluster|All sentinels are unreachable|Connection is (discarded|aborted))/;

/**
 * The error without its command, which ioredis attaches, and with it people's messages and the
 * password.
 */
export function withoutCommand(error: unknown): Error {
  if (!(error instanceof Error)) return new Error(String(error));
  const message = error.message.replace(/, with args beginning with.*$/s, '');
  const clean = new Error(message);
  clean.name = error.name;
  if ('code' in error && typeof error.code === 'string') Object.assign(clean, { code: error.code });
  return clean;
}

/** Remedies for a Redis that refuses writes; Parley continues by itself once it takes them. */
export const moreMemory =
  'raise maxmemory in redis.conf or at the hoster; a lower HISTORY_DAYS keeps less from then on';
export const moreDisk =
  'free space on the disk of Redis, or make it writable; the log of Redis says which, and it takes writes again after its next save';

/** Why waiting for this Redis is of no use, with what to do; undefined if it may help. */
export function unusableReason(error: unknown, target: Target): BadConfiguration | undefined {
  const cause = withoutCommand(error);
  const code = codeOf(error);
  const { message } = cause;
  const bad = (what: string): BadConfiguration => new BadConfiguration(what, { cause });
  if (/^All sentinels are unreachable.*(?:NOAUTH|WRONGPASS|invalid password)/.test(message)) {
    return bad(
      `The sentinels of Redis at ${target.name} do not take their password. Correct it in REDIS_URL: ?sentinelPassword=… behind the rest, and sentinelUsername=… where they have users.`,
    );
  }
  if (code === 'WRONGPASS' || code === 'NOAUTH' || /AUTH|invalid password/.test(message)) {
    return bad(
      code === 'NOAUTH'
        ? `Redis at ${target.name} asks for a password. Put it into REDIS_URL: redis://:password@host:6379.`
        : `Redis at ${target.name} does not take this user and password. Correct them in REDIS_URL.`,
    );
  }
  if (code === 'NOPERM') {
    return bad(
      `Redis at ${target.name} does not let this user do what Parley needs (${message}). Allow it ~* and &* with +@all -@admin -@dangerous +info, or give REDIS_URL another user.`,
    );
  }
  if (code === 'READONLY' && target.kind === 'alone') return readOnly(target, cause);
  if (/DB index is out of range/.test(message)) {
    return bad(`Redis at ${target.name} has no database with this number. Correct REDIS_URL.`);
  }
  if (/cluster support disabled/i.test(message)) {
    return bad(`Redis at ${target.name} is no cluster. Write redis:// in REDIS_URL.`);
  }
  if (/Protocol error|Unknown RESP type/i.test(message)) {
    return bad(`What answers at ${target.name} is no Redis. Correct REDIS_URL.`);
  }
  if (/certificate|self.signed|altnames/i.test(message)) {
    return bad(
      `The certificate of Redis at ${target.name} is not trusted (${message}). Name the one that signed it in REDIS_URL: ?ca=FILE.`,
    );
  }
  if (/wrong version number|packet length too long|EPROTO/i.test(message)) {
    return bad(
      `Redis at ${target.name} does not speak TLS. Write redis in place of rediss in REDIS_URL.`,
    );
  }
  return undefined;
}

export function readOnly(target: Target, cause?: unknown): BadConfiguration {
  return new BadConfiguration(
    `Redis at ${target.name} is a read-only replica. Name the primary in REDIS_URL, or the sentinels: redis+sentinel://host:26379/primary.`,
    cause === undefined ? {} : { cause },
  );
}

/** Parts of the sentence about a Redis that is waited for, and the remedy if waiting does not help. */
export interface StartupWait {
  /** Such as `Redis at redis://127.0.0.1:6379`. */
  readonly who: string;
  /** Such as `still loads its data`. */
  readonly how: string;
  readonly remedy?: string;
}

export function describeWait(error: unknown, target: Target, loads: boolean): StartupWait {
  const { message } = withoutCommand(error);
  const code = codeOf(error);
  const who = `Redis at ${target.name}`;
  if (loads || code === 'LOADING') return { who, how: 'still loads its data' };
  if (code === 'OOM') return { who, how: `has no memory left (${message})`, remedy: moreMemory };
  if (code === 'MISCONF') {
    return { who, how: `cannot write to its disk (${message})`, remedy: moreDisk };
  }
  if (code !== undefined) return { who, how: `cannot be used yet (${message})` };
  const behind = belowSentinels(message);
  if (behind?.includes('No such master') === true) {
    const how = `is not known to its sentinels as "${target.primary}"`;
    const remedy = `name the primary behind the hosts in REDIS_URL as the sentinels do, in "sentinel monitor NAME …": redis+sentinel://host:26379/NAME`;
    return { who, how, remedy };
  }
  if (behind !== undefined) {
    const how = `does not answer (no sentinel does: ${behind})`;
    return { who, how, remedy: 'start the sentinels, or correct their addresses in REDIS_URL' };
  }
  const tls = target.tls === undefined ? 'rediss:// if it wants TLS' : 'redis:// if it has no TLS';
  const remedy = `start it, or correct REDIS_URL (${tls}); without REDIS_URL everything is kept in DATA_DIR`;
  return { who, how: `does not answer (${message})`, remedy };
}

/** The reply of the last sentinel that was asked for the primary, out of ioredis' message. */
function belowSentinels(message: string): string | undefined {
  if (!message.startsWith('All sentinels are unreachable')) return undefined;
  const at = message.indexOf('Last error: ');
  return at < 0 ? 'no answer' : message.slice(at + 'Last error: '.length);
}

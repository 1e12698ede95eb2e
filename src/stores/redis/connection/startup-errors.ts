import { BadConfiguration } from '../../../core/domain/errors.ts';
import { bare, codeOf } from './errors.ts';
import type { Target } from './redis-url.ts';

/** What to do about a Redis that takes nothing more in; it goes on by itself then. */
export const moreMemory =
  'raise maxmemory in redis.conf or at the hoster; a lower HISTORY_DAYS keeps less from then on';
export const moreDisk =
  'free space on the disk of Redis, or make it writable; the log of Redis says which, and it takes writes again after its next save';

/** What waiting does not help against. */
export function whyNever(error: unknown, target: Target): BadConfiguration | undefined {
  const cause = bare(error);
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

/** It would take nothing in. */
export function readOnly(target: Target, cause?: unknown): BadConfiguration {
  return new BadConfiguration(
    `Redis at ${target.name} is a read-only replica. Name the primary in REDIS_URL, or the sentinels: redis+sentinel://host:26379/primary.`,
    cause === undefined ? {} : { cause },
  );
}

/** What is waited for, and how it is; and what to do if waiting does not help. */
export interface Waiting {
  /** Such as `Redis at redis://127.0.0.1:6379`. */
  readonly who: string;
  /** Such as `still loads its data`. */
  readonly how: string;
  readonly remedy?: string;
}

export function waitingFor(error: unknown, target: Target, loads: boolean): Waiting {
  const { message } = bare(error);
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

/** What the last sentinel said that was asked for the primary, in what the library makes of it. */
function belowSentinels(message: string): string | undefined {
  if (!message.startsWith('All sentinels are unreachable')) return undefined;
  const at = message.indexOf('Last error: ');
  return at < 0 ? 'no answer' : message.slice(at + 'Last error: '.length);
}

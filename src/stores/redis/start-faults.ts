import { BadConfiguration } from '../../core/errors.ts';
import { bare, codeOf } from './faults.ts';
import type { Target } from './url.ts';

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

/** What is waited for, and what to do if waiting does not help. */
export function waitingFor(error: unknown, target: Target, loads: boolean): string {
  const { message } = bare(error);
  const code = codeOf(error);
  const redis = `Redis at ${target.name}`;
  if (loads || code === 'LOADING') return `waiting for ${redis}, which still loads its data`;
  if (code === 'OOM') {
    return `waiting for ${redis}, whose memory is full (${message}): ${moreMemory}`;
  }
  if (code === 'MISCONF') {
    return `waiting for ${redis}, which cannot write to its disk (${message}): ${moreDisk}`;
  }
  if (code !== undefined) return `waiting for ${redis}, which cannot be used yet (${message})`;
  const tls = target.tls === undefined ? 'rediss:// if it wants TLS' : 'redis:// if it has no TLS';
  return `waiting for ${redis}, which does not answer (${message}): start it, or correct REDIS_URL (${tls}); without REDIS_URL everything is kept in DATA_DIR`;
}

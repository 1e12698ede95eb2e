// Tested by test/integration/redis-start.test.ts
import { readFileSync } from 'node:fs';
import { BadConfiguration } from '../../../core/domain/errors.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Where Redis is, and how to get in. */
export interface Target {
  readonly kind: 'alone' | 'sentinel' | 'cluster';
  /** Of Redis itself, the sentinels, or some of the cluster's nodes. At least one. */
  readonly addresses: readonly Address[];
  readonly username?: string;
  readonly password?: string;
  /** The number of the database; always 0 in a cluster. */
  readonly db: number;
  /** What the sentinels call the primary. */
  readonly primary?: string;
  readonly sentinelUsername?: string;
  readonly sentinelPassword?: string;
  /** Present for TLS, with certificates to trust beside those that Node trusts. */
  readonly tls?: { readonly ca?: string };
  /** For people and logs, without the password. */
  readonly name: string;
}

const schemes: Readonly<Record<string, Target['kind']>> = {
  redis: 'alone',
  'redis+sentinel': 'sentinel',
  'redis+cluster': 'cluster',
};

const examples =
  'redis://host:6379, redis+sentinel://host:26379,host2:26379/primary or redis+cluster://host:6379,host2:6379, with rediss in place of redis for TLS';

/**
 * Reads REDIS_URL:
 * - `redis://user:password@host:6379/0`
 * - `redis+sentinel://user:password@host:26379,host2:26379/primary/0`, with the sentinels' own
 *   `?sentinelUsername=…&sentinelPassword=…` where they ask for one
 * - `redis+cluster://user:password@host:6379,host2:6379`
 *
 * `rediss` in place of `redis` means TLS, with `?ca=FILE` for certificates of one's own.
 * Throws `BadConfiguration`, which never tells the password.
 */
export function parseRedisUrl(url: string): Target {
  const found =
    /^(redis)(s?)(\+[a-z]+)?:\/\/(?:([^@/]*)@)?([^@/?#]*)(\/[^?#]*)?(?:\?([^#]*))?$/i.exec(
      url.trim(),
    );
  const [, scheme = '', s = '', plus = '', access, hosts = '', path = '', search = ''] =
    found ?? [];
  const kind = schemes[`${scheme}${plus}`.toLowerCase()];
  if (kind === undefined) throw bad('is not an address of Redis');

  const parts = path
    .split('/')
    .filter((part) => part !== '')
    .map(decoded);
  const primary = kind === 'sentinel' ? parts.shift() : undefined;
  if (kind === 'sentinel' && primary === undefined) throw bad('does not name the primary');
  const db = parts.length === 0 ? 0 : Number(parts.shift());
  if (!Number.isInteger(db) || db < 0 || parts.length > 0) {
    throw bad('has something behind its hosts that is no number of a database');
  }
  if (kind === 'cluster' && db !== 0) throw bad('names a database, but a cluster has only one');

  const addresses = hosts.split(',').map((host) => toAddress(host, kind));
  if (kind === 'alone' && addresses.length > 1) throw bad('names more than one host');
  const options = new URLSearchParams(search);
  const { username, password } = toAccess(access);
  const sentinelUsername = options.get('sentinelUsername');
  const sentinelPassword = options.get('sentinelPassword');
  const where = addresses.map(({ host, port }) => `${host}:${port}`).join(',');
  return {
    kind,
    addresses,
    db,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(primary === undefined ? {} : { primary }),
    ...(sentinelUsername === null ? {} : { sentinelUsername }),
    ...(sentinelPassword === null ? {} : { sentinelPassword }),
    ...(s === '' ? {} : { tls: toTls(options.get('ca')) }),
    name: `redis${s}${plus}://${where}${path}`.toLowerCase(),
  };
}

function toAddress(text: string, kind: Target['kind']): Address {
  const found = /^(?:\[([0-9a-f:.]+)\]|([^:[\]\s]+))(?::(\d{1,5}))?$/i.exec(text.trim());
  const host = found?.[1] ?? found?.[2];
  const port = Number(found?.[3] ?? (kind === 'sentinel' ? 26_379 : 6_379));
  if (host === undefined || port < 1 || port > 65_535) throw bad('has a host or port that is none');
  return { host, port };
}

function toAccess(access: string | undefined): { username?: string; password?: string } {
  if (access === undefined || access === '') return {};
  const colon = access.indexOf(':');
  if (colon < 0) throw bad('has a user without a password');
  const username = decoded(access.slice(0, colon));
  const password = decoded(access.slice(colon + 1));
  return { ...(username === '' ? {} : { username }), ...(password === '' ? {} : { password }) };
}

function toTls(file: string | null): { ca?: string } {
  if (file === null) return {};
  try {
    return { ca: readFileSync(file, 'utf8') };
  } catch (cause) {
    throw new BadConfiguration(
      `The certificates of REDIS_URL cannot be read from ${file}. Correct "ca=" in it.`,
      { cause },
    );
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw bad('has a % that is not followed by two digits; write % itself as %25');
  }
}

function bad(how: string): BadConfiguration {
  return new BadConfiguration(`REDIS_URL ${how}. Write it like ${examples}.`);
}

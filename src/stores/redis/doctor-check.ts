// Tested by test/integration/doctor.test.ts
import type { Redis } from 'ioredis';
import { BadConfiguration, StoreUnavailable } from '../../core/domain/errors.ts';
import { asText } from '../../core/foreign-data.ts';
import type { Check, Finding, OnClockReading } from '../../core/ports/checkup.ts';
import { type Log, scopedLog } from '../../core/ports/log.ts';
import { Connection } from './connection/connection.ts';
import { codeOf, moreDisk, moreMemory } from './connection/errors.ts';
import { Keys } from './keys.ts';
import { openConnection } from './connection/open-connection.ts';
import { WorkQueue } from './conversations/work-queue.ts';
import { parseRedisUrl, type Target } from './connection/redis-url.ts';

/** Time that the check waits for a Redis that does not answer, in milliseconds. */
const patienceMs = 3_000;
/** Share of its memory from which the check warns. */
const muchMemory = 0.8;

export interface RedisChecksOptions {
  readonly url: string;
  readonly prefix: string;
  readonly hear: OnClockReading;
  readonly log: Log;
}

type Found = Omit<Finding, 'group'>;

const reached = { id: 'store.redis', what: 'Redis' };
const kept = { id: 'store.redis-writes', what: 'Writes' };
const memory = { id: 'store.redis-memory', what: 'Memory' };
const durability = { id: 'store.redis-durability', what: 'Durability' };
const where = 'in redis.conf or at the hoster';

/** Checks that Redis is suitable, as a start does, and that it takes and keeps writes. */
export function redisChecks({ url, prefix, hear, log }: RedisChecksOptions): Check {
  return {
    ...reached,
    group: 'store',
    remedy: 'look at Redis: it took too long',
    async run(signal) {
      const target = parseRedisUrl(url);
      const keys = new Keys(prefix);
      const connection = new Connection(target, { patienceMs, log });
      try {
        const waiting = await open(connection, target, keys, log, signal);
        if (waiting !== undefined) return [waiting];
        const { client } = connection;
        const nodes: Redis[] = 'nodes' in client ? client.nodes('master') : [client];
        const pingMs = await roundTripMs(nodes, hear);
        const infos = await Promise.all(nodes.map(async (node) => infoOf(await node.info())));
        return [
          { ...reached, state: 'ok', detail: `${nameOf(infos, target)}, answers in ${pingMs} ms` },
          await checkWrites(connection, keys, log),
          checkMemory(infos),
          checkDurability(infos),
        ];
      } finally {
        connection.close();
      }
    },
  };
}

/**
 * Opens the connection. Resolves to a finding if it takes too long, with what a start would wait for;
 * throws the error with which a start would end.
 */
async function open(
  connection: Connection,
  target: Target,
  keys: Keys,
  log: Log,
  deadline: AbortSignal,
): Promise<Found | undefined> {
  const patience = AbortSignal.timeout(patienceMs);
  const signal = AbortSignal.any([deadline, patience]);
  let detail = `Redis at ${target.name} does not answer`;
  let remedy = 'look at Redis and its log: a start waits until it can be used';
  const listening: Log = {
    ...scopedLog(log, {}),
    warn: (fields, event) => {
      if (!event.startsWith('waiting for ')) return log.warn(fields, event);
      detail = event.replace('waiting for ', '').replace(', which', '');
      remedy = asText(fields['remedy']) ?? remedy;
    },
  };
  try {
    // Without `prepare`: a check notes nothing in Redis.
    await openConnection(connection, target, keys, { evenFull: true, signal, log: listening });
    return undefined;
  } catch (error) {
    if (!patience.aborted || error instanceof BadConfiguration) throw error;
    return { ...reached, state: 'failed', detail, remedy };
  }
}

/** Round trip of the slowest node, in whole milliseconds. */
async function roundTripMs(nodes: readonly Redis[], hear: OnClockReading): Promise<number> {
  const times = await Promise.all(
    nodes.map(async (node) => {
      const sentMs = Date.now();
      const startedAt = performance.now();
      const [seconds, micros] = await node.time();
      const said = Number(seconds) * 1_000 + Number(micros) / 1_000;
      hear({ of: 'Redis', said, sentMs, receivedMs: Date.now() });
      return performance.now() - startedAt;
    }),
  );
  return Math.ceil(Math.max(0, ...times));
}

type Info = ReadonlyMap<string, string>;

function infoOf(text: string): Info {
  const fields = text.split(/\r?\n/).flatMap((line): [string, string][] => {
    const colon = line.indexOf(':');
    return colon < 0 ? [] : [[line.slice(0, colon), line.slice(colon + 1)]];
  });
  return new Map(fields);
}

function nameOf(infos: readonly Info[], target: Target): string {
  const [info] = infos;
  const valkey = info?.get('valkey_version');
  const version = valkey === undefined ? `Redis ${info?.get('redis_version')}` : `Valkey ${valkey}`;
  const nodes = infos.length === 1 ? '' : `, ${infos.length} primaries`;
  return `${version} at ${target.name}${nodes}`;
}

async function checkWrites(connection: Connection, keys: Keys, log: Log): Promise<Found> {
  try {
    await new WorkQueue(connection, keys, log).checkWritable();
    return { ...kept, state: 'ok', detail: 'are taken' };
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    return { ...kept, state: 'failed', detail: error.message, remedy: remedyOf(error) };
  }
}

function remedyOf({ cause }: StoreUnavailable): string {
  switch (codeOf(cause)) {
    case 'OOM':
      return moreMemory;
    case 'MISCONF':
      return moreDisk;
    case undefined:
    default:
      return 'look at the log of Redis itself';
  }
}

function checkMemory(infos: readonly Info[]): Found {
  const policies = infos.map((info) => info.get('maxmemory_policy') ?? 'noeviction');
  const policy = policies.find((each) => each !== 'noeviction');
  if (policy !== undefined) {
    const detail = `when it is full, Redis drops conversations (maxmemory-policy ${policy})`;
    const remedy = `set maxmemory-policy noeviction ${where}`;
    return { ...memory, state: 'warning', detail, remedy };
  }
  const shares = infos.map((info) => {
    const most = Number(info.get('maxmemory') ?? 0);
    return { most, used: Number(info.get('used_memory') ?? 0) };
  });
  const fullest = shares
    .filter(({ most }) => most > 0)
    .toSorted((a, b) => b.used / b.most - a.used / a.most)[0];
  if (fullest === undefined) {
    const used = shares.reduce((sum, share) => sum + share.used, 0);
    return { ...memory, state: 'ok', detail: `${megabytes(used)} in use, no limit` };
  }
  const { used, most } = fullest;
  const detail = `${megabytes(used)} of ${megabytes(most)} in use`;
  if (used / most <= muchMemory) return { ...memory, state: 'ok', detail };
  return { ...memory, state: 'warning', detail, remedy: `raise maxmemory ${where}` };
}

function checkDurability(infos: readonly Info[]): Found {
  if (infos.some((info) => info.get('aof_enabled') === '0')) {
    const detail = 'Redis may lose the last messages when it is killed (appendonly no)';
    const remedy = `set appendonly yes ${where}`;
    return { ...durability, state: 'warning', detail, remedy };
  }
  return { ...durability, state: 'ok', detail: 'what is written survives a restart' };
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1024 / 1024)} MB`;
}

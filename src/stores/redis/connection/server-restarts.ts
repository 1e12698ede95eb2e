import type { Connection } from './connection.ts';
import { partitions, type Keys } from '../keys.ts';

/**
 * Notes in each partition which run of Redis it lies on, before anything is done there: a Redis
 * that was started anew, or took another one's place, is known by it, and with it the turns that
 * may have been begun before.
 */
export async function noteRuns(connection: Connection, keys: Keys, stayMs: number): Promise<void> {
  const numbers = Array.from({ length: partitions }, (_, at) => at);
  await Promise.all(
    numbers.map((at) => connection.run('note-restart', keys.ofPartition(at), { stayMs })),
  );
}

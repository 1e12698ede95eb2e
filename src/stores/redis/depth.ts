import type { Depth } from '../../core/ports/store.ts';
import type { Connection } from './connection.ts';
import { partitions, type Keys } from './keys.ts';

/** Conversations of a partition whose owner died, and whose age is looked at; the first ones. */
const limit = 50;

/**
 * How much there is to do, asked of all partitions in one round trip, though not at one moment.
 *
 * @param graceMs how long after the end of its lease an owner may still be at work
 */
export async function depthOf(connection: Connection, keys: Keys, graceMs: number): Promise<Depth> {
  const found = await Promise.all(
    Array.from({ length: partitions }, async (_, at) => {
      const reply = await connection.run('depth', keys.ofPartition(at), { graceMs, limit });
      const [waiting = 0, running = 0, oldestMs = -1] = (reply as unknown[]).map(Number);
      return { waiting, running, oldestMs };
    }),
  );
  const oldestMs = Math.max(...found.map((each) => each.oldestMs));
  return {
    waiting: found.reduce((sum, each) => sum + each.waiting, 0),
    running: found.reduce((sum, each) => sum + each.running, 0),
    ...(oldestMs < 0 ? {} : { oldestMs }),
  };
}

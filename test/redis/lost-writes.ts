import { readdirSync, readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import type { RedisServer } from './server.ts';

/**
 * Ends a Redis with its host: from the first step on that wrote to a key of this kind, of whatever
 * or of one whose name has this in it, nothing had reached the disk yet. It is started again
 * without it.
 */
export async function loseSince(server: RedisServer, kind: string, whose = ''): Promise<void> {
  await server.kill9();
  const file = appendOnlyFile(server.folder);
  const written = readFileSync(file, 'latin1');
  const keys = [...written.matchAll(new RegExp(`\\}:${kind}:.*`, 'g'))];
  const at = keys.find(([key]) => key.includes(whose))?.index;
  if (at === undefined) throw new Error(`nothing was written to a key ${kind} of ${whose}`);
  const step = written.lastIndexOf('*1\r\n$5\r\nMULTI\r\n', at);
  if (step < 0) throw new Error('the step has no beginning');
  truncateSync(file, step);
  await server.restart();
}

function appendOnlyFile(folder: string): string {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  // One file until Redis 6, and one that grows beside others from 7 on.
  const file = files.find((name) => /\.incr\.aof$|^appendonly\.aof$/.test(name));
  if (file === undefined) throw new Error(`no append-only file is in ${folder}`);
  return join(folder, file);
}

import { type ChildProcess, spawn } from 'node:child_process';

/** Waits for a word, and kills if it ends without one. */
const script = 'read -r word || kill -9 "$1"';

/**
 * A child that ends with this process, whatever ends that: a signal, a time limit, `kill -9`. A
 * shell outlives both, and reads from a pipe that closes with this process.
 */
export function killWithParent(child: ChildProcess): void {
  const { pid } = child;
  if (pid === undefined) return;
  const watch = spawn('sh', ['-c', script, 'sh', String(pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    // Not in our group: Ctrl-C, or the end of all of it, must not end this one first.
    detached: true,
  });
  // It is no reason to go on, and is gone before it is told only if it was killed itself.
  watch.unref();
  watch.stdin.on('error', () => {});
  // The number may soon be another's.
  child.once('exit', () => watch.stdin.end('over\n'));
}

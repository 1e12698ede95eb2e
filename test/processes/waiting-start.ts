import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { killWithParent } from './kill-with-parent.ts';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** A Parley process that does not come up yet. */
export interface SpawnedParley {
  /** All that it printed so far. */
  readonly output: string;
  /** SIGTERM; resolves with the exit code. */
  terminate(): Promise<number | null>;
}

/** Starts Parley, and waits for nothing. */
export function spawnParley(env: Record<string, string>): SpawnedParley {
  const folder = mkdtempSync(join(tmpdir(), 'parley-waiting-'));
  const child = spawn(process.execPath, [main], {
    cwd: folder,
    env: { PATH: process.env['PATH'], PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  killWithParent(child);
  const gone = new Promise<number | null>((resolve) => child.once('exit', resolve));
  void gone.then(() => rmSync(folder, { recursive: true, force: true }));
  let output = '';
  const read = (chunk: Buffer): void => void (output += chunk.toString());
  child.stdout.on('data', read);
  child.stderr.on('data', read);
  return {
    get output() {
      return output;
    },
    terminate() {
      child.kill('SIGTERM');
      return gone;
    },
  };
}

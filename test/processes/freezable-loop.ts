import { existsSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

/**
 * Imported before a process's own code: with SIGUSR2 its event loop stands still for as long as
 * there is the file that FREEZE_WHILE names.
 */
const file = process.env['FREEZE_WHILE'] ?? '';
const cell = new Int32Array(new SharedArrayBuffer(4));

if (isMainThread) {
  process.on('SIGUSR2', () => {
    while (existsSync(file)) Atomics.wait(cell, 0, 0, 20);
  });
}

import { readFileSync, writeFileSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';

/** Lower than what is measured by this much: that has three quarters of a core that both want. */
const lower = 5;

/**
 * Lets this process, and what it starts, have only what is left of the cores: it stands for other
 * machines, whose work takes nothing of this one's. Linux may share cores among sessions first, and
 * then asks for the session's priority instead of the process's.
 */
export function standForOtherMachines(): void {
  setPriority(Math.min(19, getPriority() + lower));
  const file = '/proc/self/autogroup';
  let session: string;
  try {
    session = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  // Such as `/autogroup-12 nice 0`; empty where the system has none.
  const nice = /nice (-?\d+)/.exec(session)?.[1];
  if (nice !== undefined) writeFileSync(file, String(Math.min(19, Number(nice) + lower)));
}

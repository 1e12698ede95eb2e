import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { killWithParent } from '../processes/kill-with-parent.ts';
import type { WayOrder } from './load/way.ts';

const oneWay = fileURLToPath(new URL('./load/way.ts', import.meta.url));

/**
 * Lets strangers attack a Parley that is writing ten answers, once for each way of Slack's events.
 * Prints what was measured; resolves to what did not hold, in sentences.
 */
export async function attackUnderLoad(options: {
  readonly seconds: number;
  readonly only: string;
}): Promise<string[]> {
  const broken: string[] = [];
  for (const way of ['http', 'socket'] as const) {
    // In a session each, whose priority is lowered and may not be raised again.
    const order = JSON.stringify({ way, ...options } satisfies WayOrder);
    const child = fork(oneWay, [order], { detached: true });
    killWithParent(child);
    child.on('message', (message) => broken.push(...(message as string[])));
    const [code] = (await once(child, 'exit')) as [number | null];
    if (code !== 0) broken.push(`the attack ended with ${code}`);
  }
  return broken;
}

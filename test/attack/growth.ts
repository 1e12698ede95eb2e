import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/** Subjects that are measured at a time: each counts the processor time of its own thread. */
const threads = 2;

/**
 * What every function that sees foreign text takes for 200,000 characters, next to what it takes
 * for half of them, or for as much as it is ever handed. Returns what takes more than 2.5 times as
 * long, in words.
 */
export async function measureGrowth(only: RegExp): Promise<string[]> {
  const broken: string[] = [];
  const next = new Int32Array(new SharedArrayBuffer(4));
  const ended = Array.from({ length: threads }, async () => {
    const worker = new Worker(new URL('./growth/thread.ts', import.meta.url), {
      workerData: { only: only.source, next },
    });
    worker.on('message', ({ slow, line }: { slow: string[]; line: string }) => {
      broken.push(...slow);
      console.log(line);
    });
    const [code] = (await once(worker, 'exit')) as [number];
    if (code !== 0) broken.push(`a thread of the measurement ended with ${code}`);
  });
  await Promise.all(ended);
  return broken;
}

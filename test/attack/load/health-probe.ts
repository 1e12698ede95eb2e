import { get } from 'node:http';
import type { Probe } from './health.ts';

/** So often health is asked for, whether or not it has answered. */
const everyMs = 250;
/** Answers that take longer are counted with this time. */
const patienceMs = 10_000;

/** A process that asks for health at the address that it is given, and sends what it saw. */
const url = process.argv[2] ?? '';

setInterval(() => {
  const at = performance.timeOrigin + performance.now();
  const done = (status: number): void => {
    const ms = performance.timeOrigin + performance.now() - at;
    process.send?.({ at, ms, status } satisfies Probe);
  };
  const request = get(`${url}/healthz`, { agent: false, timeout: patienceMs });
  request.once('response', (response) => {
    response.resume().once('end', () => done(response.statusCode ?? 0));
    response.once('error', () => done(0));
  });
  request.once('timeout', () => request.destroy(new Error('no answer')));
  request.once('error', () => done(0));
}, everyMs);
process.once('disconnect', () => process.exit(0));

import { defineConfig } from 'vitest/config';
import { requireNode } from './test/node-version.ts';
import { PlannedOrder } from './test/planned-order.ts';

requireNode();

/** `npm test`: every test that needs no browser. */
export default defineConfig({
  test: {
    // Most files wait for processes and timers of their own: one worker a core leaves cores idle.
    maxWorkers: 4,
    // No module keeps state: loading the platforms' libraries anew for every file costs a minute.
    isolate: false,
    sequence: { sequencer: PlannedOrder },
    // A Redis of the run's own, on a free port.
    globalSetup: 'test/redis/server.ts',
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/{unit,repository}/**/*.test.ts'],
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'contract',
          include: ['test/contract/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});

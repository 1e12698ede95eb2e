import { defineConfig } from 'vitest/config';
import { requireNode } from './test/node-version.ts';

requireNode();

/** `npm run test:browser`: the page in a real Chromium. */
export default defineConfig({
  test: {
    name: 'browser',
    include: ['test/browser/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    fileParallelism: false,
  },
});

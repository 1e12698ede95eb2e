import { expect, it } from 'vitest';
import { EventLoopYield } from '../../../src/core/timing.ts';

/** Longer than what is taken in before others have their turn. */
function work(): void {
  const until = performance.now() + 9;
  while (performance.now() < until);
}

it('lets others have their turn between pieces of work that came in at once', async () => {
  const breather = new EventLoopYield();
  let turns = 0;
  let over = false;
  const count = (): void => {
    turns += 1;
    if (!over) setImmediate(count);
  };
  setImmediate(count);
  const pieces = Array.from({ length: 10 }, async () => {
    await breather.whenFree();
    work();
  });
  await Promise.all(pieces);
  over = true;
  expect(turns).toBeGreaterThanOrEqual(9);
});

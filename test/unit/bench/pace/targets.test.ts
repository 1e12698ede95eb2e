import { expect, it } from 'vitest';
import type { Figures } from '../../../../bench/pace/figures.ts';
import { checkTargets } from '../../../../bench/pace/targets.ts';

it('a mean age is that over all replies, so that a few which are left behind count', () => {
  const spread = { p50: 0.6, mean: 1.2, worst: 9 };
  const figures: Partial<Figures> = {
    name: 'slack 10 auto',
    replies: 10,
    whole: 10,
    rateLimited: 0,
    age: spread,
    lag: { p50: 0.1, mean: 0.1, worst: 0.1 },
  };
  expect(checkTargets(figures as Figures)).toContainEqual({
    wanted: 'mean age under 0.7 s',
    figure: '1.2 over all replies',
    met: false,
  });
});

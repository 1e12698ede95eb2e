import { expect, it } from 'vitest';
import { Once } from '../../../../src/platforms/common/once.ts';

it('is the first time once for each, and again for what came long ago', () => {
  const once = new Once();
  expect([once.isFirst('a'), once.isFirst('b'), once.isFirst('a')]).toEqual([true, true, false]);
  for (let i = 0; i < 9_999; i += 1) once.isFirst(`${i}`);
  expect([once.isFirst('b'), once.isFirst('a')]).toEqual([false, true]);
});

import { expect, it } from 'vitest';
import { TokenBuckets } from '../../../../../src/platforms/web/sessions/session.ts';

function counting() {
  const clock = { now: 1_000_000 };
  const buckets = new TokenBuckets({ burst: 5, refillMs: 10_000, now: () => clock.now });
  return { clock, buckets };
}

it('lets five pass at once, then one every ten seconds', () => {
  const { clock, buckets } = counting();
  for (let taken = 0; taken < 5; taken += 1) {
    expect(buckets.waitMs('10.0.0.1')).toBe(0);
    buckets.take('10.0.0.1');
  }
  expect(buckets.waitMs('10.0.0.1')).toBe(10_000);
  clock.now += 10_000;
  expect(buckets.waitMs('10.0.0.1')).toBe(0);
  buckets.take('10.0.0.1');
  expect(buckets.waitMs('10.0.0.1')).toBe(10_000);
});

it('does not make one wait for another', () => {
  const { buckets } = counting();
  for (let taken = 0; taken < 9; taken += 1) buckets.take('10.0.0.1');
  expect(buckets.waitMs('10.0.0.2')).toBe(0);
});

it('does not count what was given back', () => {
  const { buckets } = counting();
  for (let taken = 0; taken < 9; taken += 1) {
    buckets.take('10.0.0.1');
    buckets.refund('10.0.0.1');
  }
  expect(buckets.waitMs('10.0.0.1')).toBe(0);
});

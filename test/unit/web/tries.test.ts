import { expect, it } from 'vitest';
import { Tries } from '../../../src/platforms/web/tries.ts';

function guessing() {
  const clock = { now: 1_000_000 };
  const tries = new Tries(() => clock.now);
  return { clock, tries };
}

it('lets five wrong tries pass, then one every ten seconds', () => {
  const { clock, tries } = guessing();
  for (let tried = 0; tried < 5; tried += 1) {
    expect(tries.waitMs('10.0.0.1')).toBe(0);
    tries.wrong('10.0.0.1');
  }
  expect(tries.waitMs('10.0.0.1')).toBe(10_000);
  clock.now += 10_000;
  expect(tries.waitMs('10.0.0.1')).toBe(0);
  tries.wrong('10.0.0.1');
  expect(tries.waitMs('10.0.0.1')).toBe(10_000);
});

it('does not make one address wait for another', () => {
  const { tries } = guessing();
  for (let tried = 0; tried < 9; tried += 1) tries.wrong('10.0.0.1');
  expect(tries.waitMs('10.0.0.2')).toBe(0);
});

it.each([
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2:ffff::1'],
  ['2001:db8::1', '2001:db8::2'],
  ['fe80::1', 'fe80::2'],
])('counts %s and %s as one: a household has a whole network', (one, other) => {
  const { tries } = guessing();
  for (let tried = 0; tried < 9; tried += 1) tries.wrong(one);
  expect(tries.waitMs(other)).toBeGreaterThan(0);
});

it.each([
  ['2001:db8:1:2::1', '2001:db8:1:3::1'],
  ['::ffff:10.0.0.1', '::ffff:10.0.0.2'],
])('counts %s and %s as two', (one, other) => {
  const { tries } = guessing();
  for (let tried = 0; tried < 9; tried += 1) tries.wrong(one);
  expect(tries.waitMs(other)).toBe(0);
});

import { describe, expect, test } from 'vitest';
import { Shuffled } from '../../../../src/models/demo/essay.ts';

describe.each([Math.random, () => 0, () => 0.999])('a deck', (random) => {
  test('deals every card once before any comes again', () => {
    const deck = new Shuffled(['a', 'b', 'c', 'd'], random);

    for (let round = 0; round < 20; round += 1) {
      const dealt = Array.from({ length: 4 }, () => deck.next());
      expect(new Set(dealt).size).toBe(4);
    }
  });

  test('never deals the same card twice in a row', () => {
    const deck = new Shuffled(['a', 'b', 'c'], random);
    const dealt = Array.from({ length: 300 }, () => deck.next());

    for (const [index, card] of dealt.entries()) expect(card).not.toBe(dealt[index + 1]);
  });
});

import { expect, it } from 'vitest';
import { Errands } from '../../../../../src/platforms/common/background-calls.ts';
import { Doubles } from '../../../../../src/platforms/slack/reply/duplicate-posts.ts';
import type { Strays } from '../../../../../src/platforms/slack/reply/lost-posts.ts';
import { readableLog } from '../../../../fakes/recording-log.ts';

/** A channel in which posts are removed. */
function open() {
  const removed: string[] = [];
  const reply = () =>
    ({
      channel: 'C1',
      removePost: (ts: string) => {
        removed.push(ts);
        return Promise.resolve();
      },
    }) as unknown as Strays;
  const doubles = new Doubles(new Errands(readableLog()), new AbortController().signal);
  return { doubles, removed, reply };
}

it('removes a post that comes after it was made again', () => {
  const { doubles, removed, reply } = open();
  doubles.expect('key', reply());
  doubles.settle('key', '2.0');
  doubles.land('key', 'C1', '2.0');
  doubles.land('key', 'C1', '1.0');
  expect(removed).toEqual(['1.0']);
});

it('removes none while somebody else may write the reply in it', () => {
  const { doubles, removed, reply } = open();
  const left = reply();
  doubles.expect('key', left);
  doubles.settle('key', '2.0');
  doubles.land('key', 'C1', '2.0');
  doubles.leave(left);
  doubles.land('key', 'C1', '1.0');
  expect(removed).toEqual([]);
  // It comes back to this instance, which found the reply in the other message.
  doubles.recover('key', '1.0', reply());
  doubles.settle('key', '1.0');
  expect(removed).toEqual(['2.0']);
});

import { expect, it } from 'vitest';
import { BackgroundCalls } from '../../../../../src/platforms/common/background-calls.ts';
import { DuplicatePosts } from '../../../../../src/platforms/slack/reply/duplicate-posts.ts';
import type { LostPostFinder } from '../../../../../src/platforms/slack/reply/lost-posts.ts';
import { recordingLog } from '../../../../fakes/recording-log.ts';

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
    }) as unknown as LostPostFinder;
  const doubles = new DuplicatePosts(
    new BackgroundCalls(recordingLog()),
    new AbortController().signal,
  );
  return { doubles, removed, reply };
}

it('removes a post that comes after it was made again', () => {
  const { doubles, removed, reply } = open();
  doubles.postRetried('key', reply());
  doubles.resolved('key', '2.0');
  doubles.seen('key', 'C1', '2.0');
  doubles.seen('key', 'C1', '1.0');
  expect(removed).toEqual(['1.0']);
});

it('removes none while somebody else may write the reply in it', () => {
  const { doubles, removed, reply } = open();
  const left = reply();
  doubles.postRetried('key', left);
  doubles.resolved('key', '2.0');
  doubles.seen('key', 'C1', '2.0');
  doubles.leave(left);
  doubles.seen('key', 'C1', '1.0');
  expect(removed).toEqual([]);
  // It comes back to this instance, which found the reply in the other message.
  doubles.recover('key', '1.0', reply());
  doubles.resolved('key', '1.0');
  expect(removed).toEqual(['2.0']);
});

import { expect, it } from 'vitest';
import { BackgroundCalls } from '../../../../../src/platforms/common/platform-calls.ts';
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
  const duplicates = new DuplicatePosts(
    new BackgroundCalls(recordingLog()),
    new AbortController().signal,
  );
  return { duplicates, removed, reply };
}

it('removes a post that comes after it was made again', () => {
  const { duplicates, removed, reply } = open();
  duplicates.postRetried('key', reply());
  duplicates.resolved('key', '2.0');
  duplicates.seen('key', 'C1', '2.0');
  duplicates.seen('key', 'C1', '1.0');
  expect(removed).toEqual(['1.0']);
});

it('removes none while somebody else may write the reply in it', () => {
  const { duplicates, removed, reply } = open();
  const left = reply();
  duplicates.postRetried('key', left);
  duplicates.resolved('key', '2.0');
  duplicates.seen('key', 'C1', '2.0');
  duplicates.abandon(left);
  duplicates.seen('key', 'C1', '1.0');
  expect(removed).toEqual([]);
  // It comes back to this instance, which found the reply in the other message.
  duplicates.recover('key', '1.0', reply());
  duplicates.resolved('key', '1.0');
  expect(removed).toEqual(['2.0']);
});

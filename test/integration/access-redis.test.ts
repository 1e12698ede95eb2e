import { expect, it } from 'vitest';
import { RefusalNotices } from '../../src/core/intake/access.ts';
import { recordingLog } from '../fakes/recording-log.ts';
import { openStore, ownRedis } from '../redis/open-store.ts';

it('tells who is turned away once an hour, whichever instance hears them, also a new one', async () => {
  const server = await ownRedis();
  const { store, prefix } = await openStore(server.url);
  const { store: other } = await openStore(server.url, { prefix });
  const [one, two, three] = [store, other, other].map(
    (shared) => new RefusalNotices({ platform: 'slack', store: shared, log: recordingLog() }),
  );
  expect(await two!.shouldNotify('T1:U1', Date.now())).toBe(true);
  expect(
    await Promise.all([one!, two!, three!].map((each) => each.shouldNotify('T1:U1', Date.now()))),
  ).toEqual([false, false, false]);
  const both = await Promise.all(
    [one!, three!].map((each) => each.shouldNotify('T1:U2', Date.now())),
  );
  expect(both.filter((isToBeTold) => isToBeTold)).toHaveLength(1);
  const lives = await Promise.all(
    (await server.client().keys(`${prefix}:*role:told:*`)).map((key) => server.client().pttl(key)),
  );
  expect(lives).toHaveLength(2);
  for (const ms of lives) {
    expect(ms).toBeGreaterThan(59 * 60_000);
    expect(ms).toBeLessThanOrEqual(60 * 60_000);
  }
});

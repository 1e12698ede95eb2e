import { expect, it, vi } from 'vitest';
import { pageKeyOf } from '../../src/core/domain/turn.ts';
import { QuestionLedger } from '../chaos/question-ledger.ts';
import { DiscordThread, SlackDirect, SlackThread } from '../chaos/simulated-conversations.ts';
import { ChaosEnvironment } from '../chaos/environment.ts';
import {
  answer,
  ask,
  eventually,
  mustClaim,
  newConversation,
  question,
} from '../contract/store/store-fixture.ts';
import { loseSince } from '../redis/lost-writes.ts';
import { openStore, ownRedis } from '../redis/open-store.ts';

/** The platform's time of questions that are asked now. */
const now = (): { sentAt: number } => ({ sentAt: Date.now() });

it('gives a turn that Redis forgot the same id again, and a first page that may stand already', async () => {
  const server = await ownRedis({ appendonly: true });
  const { store } = await openStore(server.url);
  const c = newConversation();
  await ask(store, question(c, 'A', now()));
  const before = await mustClaim(store, c);
  expect(before.turn.pages).toEqual([]);
  const key = pageKeyOf(before.turn.id, 0);
  await store.savePage(before.claim, { index: 0, key, id: 'p0', source: 'Once' });

  await loseSince(server, 'turn');
  await eventually(() => store.checkWritable());
  const { claim, turn } = await mustClaim(store, c);
  expect(turn.id).toBe(before.turn.id);
  expect(turn.attempt).toBe(1);
  expect(turn.pages).toEqual([{ index: 0, key, source: '' }]);
  expect(claim.fence).toBeGreaterThan(before.claim.fence);
  expect((await store.renew([before.claim], { owner: 'x', leaseMs: 1 })).lost).toHaveLength(1);
});

it('knows the pages that Redis did not forget', async () => {
  const server = await ownRedis({ appendonly: true });
  const { store } = await openStore(server.url);
  const c = newConversation();
  await ask(store, question(c, 'A', now()));
  const { claim } = await mustClaim(store, c);
  const page = { index: 0, key: 'k0', id: 'p0', source: 'Once' };
  await store.savePage(claim, page);
  await server.kill9();
  await server.restart();
  await eventually(() => store.checkWritable());
  await store.release(claim, { countAttempt: true });
  expect((await mustClaim(store, c)).turn.pages).toEqual([page]);
});

it('looks for no page of a question that was asked after Redis was back', async () => {
  const server = await ownRedis({ appendonly: true });
  const { store } = await openStore(server.url);
  const c = newConversation();
  await ask(store, question(c, 'A', now()));
  await answer(store, c);
  await ask(store, question(c, 'B', now()));
  await server.kill9();
  await server.restart();
  await eventually(() => store.checkWritable());
  const { turn } = await mustClaim(store, c);
  expect(turn.pages).toHaveLength(1);
  await store.forgetConversation(c);
  await ask(store, question(c, 'C', now()));
  expect((await mustClaim(store, c)).turn.pages).toEqual([]);
});

// They wait for leases to end, most of the time: beside each other they take no longer than one.
it.concurrent.for([
  ['a thread in Slack', SlackThread],
  ['a direct conversation in Slack', SlackDirect],
  ['a thread in Discord', DiscordThread],
] as const)(
  'goes on in the message that stands in %s though Redis forgot the turn',
  { timeout: 90_000 },
  async ([, kind], { onTestFinished }) => {
    const town = await ChaosEnvironment.start({
      slack: 'http',
      instances: 1,
      threads: 1,
      directs: 1,
      discords: 1,
    });
    onTestFinished(() => town.stop());
    // An outage lasts longer than Discord knows a post again by its nonce.
    town.discord.settings.nonceLastsMs = 0;
    const register = new QuestionLedger(town.conversations, town.model);
    const spot = town.conversations.find(
      (each): each is SlackThread | SlackDirect | DiscordThread => each instanceof kind,
    );
    if (spot === undefined) throw new Error('there is no such place');
    const stopIdling = await idleBeside(town);
    onTestFinished(stopIdling);
    // While something else is being answered, and another instance has less to do, a question is
    // taken in first, and its turn taken later.
    const other = town.conversations.find((each) => each !== spot);
    register.ask(other!, { words: 600, perSecond: 100 });
    await vi.waitFor(() => expect(other!.replies()).toHaveLength(1), {
      timeout: 20_000,
      interval: 20,
    });
    // On Discord more words may end their page early, and go on in a second message.
    const { name } = register.ask(spot, { words: 200, perSecond: 70 });
    await vi.waitFor(() => expect(spot.replies()).toHaveLength(1), {
      timeout: 20_000,
      interval: 20,
    });
    const [standing] = spot.posted;
    stopIdling();
    await town.fleet.kill(0);
    await loseSince(town.redis, 'turn', placeOf(spot));
    await town.fleet.restart(0);
    await vi.waitFor(
      () => {
        register.checkAnswers();
        // The other one is still its owner's, until the lease is over.
        expect(register.open.map((asked) => asked.name)).not.toContain(name);
        expect(register.broken().filter((line) => line.startsWith(spot.name))).toEqual([]);
      },
      { timeout: 40_000, interval: 50 },
    );
    expect(town.model.times(name)).toBe(2);
    expect(spot.replies()).toHaveLength(1);
    expect(idOf(spot.posted[0])).toBe(idOf(standing));
    expect(town.slack.violations).toEqual([]);
  },
);

/** Tells, as an instance does that has nothing to do, that there is one; it takes nothing, though. */
async function idleBeside({ redis, env }: ChaosEnvironment): Promise<() => void> {
  const client = redis.client();
  const tell = () => client.publish(`${env['REDIS_PREFIX']}:news`, 'load\nidle\n0');
  await vi.waitFor(async () => expect(await tell()).toBeGreaterThan(0), { timeout: 10_000 });
  const timer = setInterval(() => void tell(), 500);
  return () => clearInterval(timer);
}

/** What the name of its conversation has in it, and no other one's. */
function placeOf(spot: SlackThread | SlackDirect | DiscordThread): string {
  const place = spot instanceof SlackDirect ? spot.said[0]?.channel : idOf(spot.root);
  if (place === undefined) throw new Error(`nobody wrote in ${spot.name}`);
  return place;
}

function idOf(message: { ts: string } | { id: string } | undefined): string | undefined {
  if (message === undefined) return undefined;
  return 'ts' in message ? message.ts : message.id;
}

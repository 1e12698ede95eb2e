import { expect, it } from 'vitest';
import type { ConversationId } from '../../src/core/domain/conversation.ts';
import { LiveReply } from '../../src/core/reply/live-reply.ts';
import { Pacer } from '../../src/core/reply/pacing/pacer.ts';
import { pageKeyOf, type PageRecord } from '../../src/core/domain/turn.ts';
import type { ClaimedTurn } from '../../src/core/ports/store.ts';
import {
  alice,
  ask,
  questionOptions,
  bob,
  doneEnding,
  mustClaim,
  newConversation,
  question,
  textsOf,
} from '../contract/store/store-fixture.ts';
import { recordingLog } from '../fakes/recording-log.ts';
import { FakeSurface } from '../fakes/fake-surface.ts';
import type { RedisServer } from '../redis/server.ts';
import { keyOf, type OpenedRedis, openStore, ownRedis } from '../redis/open-store.ts';

interface Answering extends OpenedRedis, ClaimedTurn {
  readonly server: RedisServer;
  readonly c: ConversationId;
}

/** A Redis in which the question `A` is being answered in `c`, and nothing else was. */
async function startAnswering(): Promise<Answering> {
  const server = await ownRedis();
  const opened = await openStore(server.url);
  const c = newConversation();
  await ask(opened.store, question(c, 'A'));
  return { server, c, ...opened, ...(await mustClaim(opened.store, c)) };
}

it('shows every page once after the record of one was damaged', async () => {
  const { server, store, prefix, c, ...first } = await startAnswering();
  const surface = new FakeSurface({ limit: 12 });
  const text = 'aaaa bbbb\n\ncccc dddd\n\neeee ffff\n\ngggg';
  const show = async ({ claim, turn }: ClaimedTurn): Promise<void> => {
    const log = recordingLog();
    const reply = new LiveReply({
      surface,
      pacer: new Pacer({ log }),
      log,
      keyOf: (index) => pageKeyOf(turn.id, index),
      pages: turn.pages,
      onGivenUp: () => undefined,
      pageRecords: {
        save: (page) => store.savePage(claim, page),
        drop: (index) => store.dropPage(claim, index),
      },
    });
    await reply.end({ outcome: 'done', text });
  };
  await show(first);
  const shown = textsOf(surface.messages);
  expect(shown).toHaveLength(4);
  await server.client().hset(await keyOf(server, prefix, 'pages'), 1, 'nonsense');
  await store.release(first.claim, { countAttempt: false });
  await show(await mustClaim(store, c, bob));
  expect(textsOf(surface.messages)).toEqual(shown);
});

it.each([
  ['cut off', 1, '{"index":1,"key":'],
  ['of no page', 1, '{"index":-1,"key":"k","source":""}'],
  ['far too high', 1, '{"index":9000000000,"key":"k","source":""}'],
  ['the last one', 3, 'nonsense'],
])('looks for a page whose record is damaged: %s', async (_how, index, record) => {
  const { server, store, prefix, c, claim, turn } = await startAnswering();
  const pages = Array.from({ length: 4 }, (_, at): PageRecord => {
    return { index: at, key: pageKeyOf(turn.id, at), id: `p${at}`, source: `${at}` };
  });
  for (const page of pages) await store.savePage(claim, page);
  await server.client().hset(await keyOf(server, prefix, 'pages'), index, record);
  await store.release(claim, { countAttempt: false });
  const found = (await mustClaim(store, c, bob)).turn.pages;
  const lost = { index, key: pageKeyOf(turn.id, index), source: '' };
  expect(found).toStrictEqual(pages.with(index, lost));
});

it('keeps the end that a turn comes to where the one before cannot be read', async () => {
  const { server, store, prefix, c, claim } = await startAnswering();
  await store.storeEnding(claim, doneEnding);
  await server.client().hset(await keyOf(server, prefix, 'turn'), 'ending', '{"outcome":"do');
  await store.release(claim, { countAttempt: false });
  const again = await mustClaim(store, c, bob);
  expect(again.turn.ending).toBeUndefined();
  // It can be stopped like any other that goes on.
  expect(await store.requestStop(c)).toBe(true);
  await store.storeEnding(again.claim, { outcome: 'stopped', text: 'Another answer.' });
  await store.finish(again.claim, bob, 1);
  expect(await historyOf({ store, c })).toEqual(['A', 'Another answer.']);
});

/** What was asked and answered in a conversation, in order. */
async function historyOf({ store, c }: Pick<Answering, 'store' | 'c'>): Promise<string[]> {
  return textsOf((await store.conversationView(c)).history);
}

it.each([
  ['the list of its questions', ['asking']],
  ['that list and all else of the turn', ['asking', 'turn']],
])('answers what an evicted turn was about, though it lost %s', async (_what, names) => {
  const { server, store, prefix, c, claim } = await startAnswering();
  await ask(store, question(c, 'B', { sentAt: 1_800_000_000_000 }));
  await store.release(claim, { countAttempt: false });
  for (const name of names) await server.client().del(await keyOf(server, prefix, name));
  for (let next = await store.claim(c, bob); next !== undefined;) {
    await store.storeEnding(next.claim, doneEnding);
    next = await store.finish(next.claim, bob, 1);
  }
  const answered = names.includes('turn')
    ? ['A', 'B', doneEnding.text]
    : ['A', doneEnding.text, 'B', doneEnding.text];
  expect(await historyOf({ store, c })).toEqual(answered);
  // It is open no more.
  const another = question(newConversation(), 'C');
  expect(await store.accept(another, { ...questionOptions, mostOpen: 1 })).toBe('queued');
});

it('keeps what was answered though the list of its questions was evicted meanwhile', async () => {
  const { server, store, prefix, c, claim } = await startAnswering();
  await ask(store, question(c, 'B', { sentAt: 1_800_000_000_000 }));
  await store.storeEnding(claim, doneEnding);
  await server.client().del(await keyOf(server, prefix, 'asking'));
  const next = await store.finish(claim, alice, 1);
  expect(textsOf(next!.turn.messages)).toEqual(['B']);
  expect(await historyOf({ store, c })).toEqual(['A', doneEnding.text]);
});

it('answers what waits though the list of that was evicted', async () => {
  const { server, store, prefix, c, claim } = await startAnswering();
  await ask(store, question(c, 'B', { sentAt: 1_800_000_000_000 }));
  await server.client().del(await keyOf(server, prefix, 'queue'));
  await store.release(claim, { countAttempt: false });
  const again = await mustClaim(store, c);
  expect(textsOf(again.turn.messages)).toEqual(['A']);
  await store.storeEnding(again.claim, doneEnding);
  const next = await store.finish(again.claim, alice, 1);
  expect(textsOf(next!.turn.messages)).toEqual(['B']);
});

it('drops a question that cannot be read and is listed nowhere', async () => {
  const { server, store, prefix, c, claim } = await startAnswering();
  await server.client().del(await keyOf(server, prefix, 'asking'));
  await server.client().hset(await keyOf(server, prefix, 'questions'), 'A', 'nonsense');
  await store.release(claim, { countAttempt: false });
  expect(await store.claim(c, bob)).toBeUndefined();
  expect(await server.client().keys('*:questions:*')).toEqual([]);
});

import { expect, it } from 'vitest';
import type { ConversationId } from '../../src/core/conversation.ts';
import { LiveReply } from '../../src/core/reply/live-reply.ts';
import { Pacer } from '../../src/core/reply/pacer.ts';
import type { PageRecord } from '../../src/core/turn.ts';
import { pageKeyOf } from '../../src/core/turn-id.ts';
import type { Work } from '../../src/core/ports/store.ts';
import {
  ask,
  bob,
  mustClaim,
  newConversation,
  question,
  textsOf,
} from '../contract/store-fixture.ts';
import { readableLog } from '../fakes/log.ts';
import { FakeSurface } from '../fakes/surface.ts';
import type { RedisServer } from '../redis/server.ts';
import { keyOf, type OpenedRedis, openStore, ownRedis } from './redis-world.ts';

interface Answering extends OpenedRedis, Work {
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
  const show = async ({ claim, turn }: Work): Promise<void> => {
    const log = readableLog();
    const reply = new LiveReply({
      surface,
      pacer: new Pacer({ log }),
      log,
      keyOf: (index) => pageKeyOf(turn.id, index),
      pages: turn.pages,
      onLost: () => undefined,
      ledger: {
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
  await store.release(first.claim, { forgive: true });
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
  await store.release(claim, { forgive: true });
  const found = (await mustClaim(store, c, bob)).turn.pages;
  const lost = { index, key: pageKeyOf(turn.id, index), source: '' };
  expect(found).toStrictEqual(pages.with(index, lost));
});

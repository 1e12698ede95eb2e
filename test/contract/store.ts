import { afterEach, describe, expect, it } from 'vitest';
import { ClaimLost, StoreUnavailable } from '../../src/core/errors.ts';
import type { Store } from '../../src/core/ports/store.ts';
import type { Claim } from '../../src/core/turn.ts';
import {
  alice,
  answer,
  ask,
  bob,
  fleeting,
  context,
  done,
  eventually,
  isWaiting,
  mustClaim,
  newConversation,
  question,
  textsOf,
} from './store-fixture.ts';
import type { OpenedStore, OpenStore, StoreSettings } from './store-fixture.ts';
import { stressStore } from './store-stress.ts';

const asked = { stops: false, tokens: 3 };
const stop = { stops: true, tokens: 1 };

/** What every store does, whatever keeps its data. */
export function storeContract(name: string, open: OpenStore): void {
  describe(`${name} as a store`, () => {
    let opened: OpenedStore | undefined;
    const start = async (settings: StoreSettings = {}): Promise<Store> => {
      opened = await open(settings);
      return opened.store;
    };
    afterEach(async () => {
      await opened?.dispose();
      opened = undefined;
    });

    describe('participation', () => {
      it('is of those who asked something, and knows whether the conversation began so', async () => {
        const store = await start();
        const [opened, called, silent] = [newConversation(), newConversation(), newConversation()];
        await ask(store, question(opened, 'A', { opens: true }));
        await ask(store, question(opened, 'B', { author: { id: 'U2' } }), question(opened, 'C'));
        await ask(store, question(called, 'A', { author: { id: 'U3' } }));
        await ask(store, context(called, 'B', { author: { id: 'U4' } }), context(silent, 'C'));
        const { people = [], ...rest } = (await store.participation(opened)) ?? {};
        expect(rest).toEqual({ opened: true });
        expect(people.toSorted()).toEqual(['U1', 'U2']);
        expect(await store.participation(called)).toEqual({ opened: false, people: ['U3'] });
        expect(await store.participation(silent)).toBeUndefined();
      });

      it('survives the end of the turn and of the process', async () => {
        const store = await start();
        const c = newConversation();
        await ask(store, question(c, 'A', { opens: true }));
        await answer(store, c);
        const again = await opened?.reopen();
        expect(await again?.participation(c)).toEqual({ opened: true, people: ['U1'] });
      });

      it('tells in which conversations of a platform somebody asked lately, latest first', async () => {
        const store = await start();
        const [first, second] = [newConversation(), newConversation()];
        const before = Date.now();
        await ask(store, question(first, 'A'));
        await eventually(() => expect(Date.now()).toBeGreaterThan(before + 1));
        await ask(store, question(second, 'A'), context(newConversation(), 'B'));
        const lately = (await store.active('test', before)).filter((c) =>
          [first, second].includes(c),
        );
        expect(lately).toEqual([second, first]);
        expect(await store.active('tes', before)).toEqual([]);
        expect(await store.active('test', Date.now() + 60_000)).toEqual([]);
      });

      it('ends when nobody asked for as long as history is kept', async () => {
        const store = await start({ retentionMs: 0 });
        const c = newConversation();
        await ask(store, question(c, 'A'));
        await answer(store, c);
        await eventually(async () => {
          await store.sweep();
          expect(await store.participation(c)).toBeUndefined();
        });
      });
    });

    describe('accept', () => {
      it('queues a question, which then waits', async () => {
        const store = await start();
        const c = newConversation();
        expect(await store.accept(question(c, 'Hello?'), asked)).toBe('queued');
        expect(await store.waiting()).toEqual([{ conversation: c, attempts: 0 }]);
        expect((await store.view(c)).queued).toEqual([question(c, 'Hello?')]);
      });

      it('takes the same id in one conversation once, in another as well', async () => {
        const store = await start();
        const [c, other] = [newConversation(), newConversation()];
        const copies = Array.from({ length: 10 }, () => store.accept(question(c, 'A'), asked));
        const receipts = await Promise.all(copies);
        expect(receipts.toSorted()).toEqual([...Array(9).fill('duplicate'), 'queued']);
        expect(textsOf((await store.view(c)).queued)).toEqual(['A']);
        expect(await store.accept(question(other, 'A'), asked)).toBe('queued');
      });

      it('knows a message again while it waits, runs, is answered, withdrawn, kept or was a stop', async () => {
        const store = await start();
        const c = newConversation();
        const again = (text: string): Promise<string> =>
          store.accept(question(c, text, { text: 'changed meanwhile' }), asked);
        await ask(store, question(c, 'A'));
        expect(await again('A')).toBe('duplicate');
        const { claim } = await mustClaim(store, c);
        expect(await again('A')).toBe('duplicate');
        expect(await store.accept(question(c, 'stop'), stop)).toBe('stopping');
        await store.conclude(claim, done);
        await store.finish(claim, alice, 5);
        expect(await again('A')).toBe('duplicate');
        expect(await again('stop')).toBe('duplicate');
        await ask(store, question(c, 'B'));
        await store.withdraw(c, 'B');
        expect(await again('B')).toBe('duplicate');
        await ask(store, context(c, 'C'));
        expect(await again('C')).toBe('duplicate');
        expect(textsOf((await store.view(c)).history)).toEqual(['A', 'C', done.text]);
        expect(await isWaiting(store, c)).toBe(false);
      });

      it('keeps context in history without a turn', async () => {
        const store = await start();
        const c = newConversation();
        const message = context(c, 'Just saying.');
        expect(await store.accept(message, asked)).toBe('kept');
        const { author, text, sentAt: at } = message;
        expect((await store.view(c)).history).toEqual([
          { id: text, role: 'user', author, text, at, tokens: 3 },
        ]);
        expect(await store.waiting()).toEqual([]);
        expect(await store.claim(c, alice)).toBeUndefined();
      });

      it('keeps context that reads like a stop, and stops nothing', async () => {
        const store = await start();
        const c = newConversation();
        await ask(store, question(c, 'A'));
        await mustClaim(store, c);
        expect(await store.accept(context(c, 'stop'), stop)).toBe('kept');
        expect((await store.view(c)).running?.stopRequested).toBe(false);
      });

      it('marks the running turn to be stopped, and neither queues nor keeps the order', async () => {
        const store = await start();
        const c = newConversation();
        await ask(store, question(c, 'A'));
        const { claim } = await mustClaim(store, c);
        expect(await store.accept(question(c, 'stop'), stop)).toBe('stopping');
        const { running, queued } = await store.view(c);
        expect(running?.stopRequested).toBe(true);
        expect(queued).toEqual([]);
        await store.conclude(claim, { outcome: 'stopped', text: 'So f' });
        expect(await store.finish(claim, alice, 2)).toBeUndefined();
        expect(textsOf((await store.view(c)).history)).toEqual(['A', 'So f']);
      });

      it('stops a turn that was interrupted', async () => {
        const store = await start();
        const c = newConversation();
        await ask(store, question(c, 'A'));
        await store.release((await mustClaim(store, c)).claim, { forgive: false });
        expect(await store.accept(question(c, 'stop'), stop)).toBe('stopping');
        expect((await mustClaim(store, c)).turn.stopRequested).toBe(true);
      });

      it('queues an order to stop when nothing runs, and drops it when the end is stored', async () => {
        const store = await start();
        const c = newConversation();
        expect(await store.accept(question(c, 'stop'), stop)).toBe('queued');
        const { claim } = await mustClaim(store, c);
        await store.conclude(claim, done);
        expect(await store.accept(question(c, 'cancel'), stop)).toBe('stopping');
        expect((await store.view(c)).running?.stopRequested).toBe(false);
        expect(await store.finish(claim, alice, 1)).toBeUndefined();
      });

      it('takes no more questions of one person than may be open, wherever they ask', async () => {
        const store = await start();
        const [c, other] = [newConversation(), newConversation()];
        const person = { id: newConversation() };
        const two = { ...asked, mostOpen: 2 };
        const asks = (where: typeof c, text: string) =>
          store.accept(question(where, text, { author: person }), two);
        expect(await asks(c, 'A')).toBe('queued');
        expect(await asks(other, 'B')).toBe('queued');
        expect(await asks(c, 'C')).toBe('too-many');
        expect(await store.accept(question(c, 'of somebody else'), two)).toBe('queued');
        expect(await asks(c, 'A')).toBe('duplicate');
        const { claim } = await mustClaim(store, other);
        expect(await asks(c, 'C')).toBe('too-many');
        expect(
          await store.accept(question(other, 'stop', { author: person }), { ...two, stops: true }),
        ).toBe('stopping');
        await store.conclude(claim, done);
        await store.finish(claim, alice, 1);
        // What was refused was not seen: the same message may be taken in later.
        expect(await asks(c, 'C')).toBe('queued');
        expect(textsOf((await store.view(c)).queued).toSorted()).toEqual([
          'A',
          'C',
          'of somebody else',
        ]);
      });

      it('gives back whatever people write, to the letter', async () => {
        const store = await start();
        const c = newConversation();
        const texts = [
          'x'.repeat(50_000),
          '漢'.repeat(50_000),
          '👩‍👩‍👧‍👦 é e\u0301 \u202eabc\u202c \u200b\ufeff\uffff',
          `'; DROP TABLE entry; -- " \\ \u0001 \r\n\t`,
          '',
        ];
        for (const [i, text] of texts.entries()) {
          await ask(store, question(c, text, { id: `m:${i} ' é`, sentAt: i + 0.125 }));
        }
        const { turn } = await mustClaim(store, c);
        expect(textsOf(turn.messages)).toEqual(texts);
        expect(turn.messages[4]).toEqual(question(c, '', { id: `m:4 ' é`, sentAt: 4.125 }));
      });

      it('is not corrupted by NUL and halves of surrogate pairs', async () => {
        const store = await start();
        const c = newConversation();
        await ask(
          store,
          question(c, 'before', { sentAt: 1 }),
          question(c, 'a\0b\ud83dc\ude00', { sentAt: 2, author: { id: 'U\0', name: '\udc00' } }),
          question(c, 'after', { sentAt: 3 }),
        );
        const { turn } = await mustClaim(store, c);
        expect(textsOf(turn.messages)).toEqual(['before', 'a\0b\ufffdc\ufffd', 'after']);
      });

      it('keeps an author without a name without one', async () => {
        const store = await start();
        const c = newConversation();
        await ask(store, question(c, 'A', { author: { id: 'web' } }));
        expect((await mustClaim(store, c)).turn.messages[0]?.author).toStrictEqual({ id: 'web' });
      });
    });

    describe('revise and withdraw', () => {
      it('change and drop a question that waits', async () => {
        const store = await start();
        const c = newConversation();
        await ask(store, question(c, 'A'), question(c, 'B'), question(c, 'C'));
        expect(await store.revise(c, 'A', 'A, better', 9)).toBe(true);
        expect(await store.withdraw(c, 'B')).toBe(true);
        await answer(store, c);
        const { history } = await store.view(c);
        expect(textsOf(history)).toEqual(['A, better', 'C', done.text]);
        expect(history[0]?.tokens).toBe(9);
      });

      it('leave a question alone whose turn has begun, or is over', async () => {
        const store = await start();
        const c = newConversation();
        const tryBoth = async (): Promise<boolean[]> => [
          await store.revise(c, 'A', 'changed', 1),
          await store.withdraw(c, 'A'),
        ];
        await ask(store, question(c, 'A'));
        const { claim } = await mustClaim(store, c);
        expect(await tryBoth()).toEqual([false, false]);
        await store.release(claim, { forgive: false });
        expect(await tryBoth()).toEqual([false, false]);
        await answer(store, c);
        expect(await tryBoth()).toEqual([false, false]);
        expect(textsOf((await store.view(c)).history)).toEqual(['A', done.text]);
      });

      it('leave nothing to do once the only question is withdrawn', async () => {
        const store = await start();
        const c = newConversation();
        await ask(store, question(c, 'A'));
        await store.withdraw(c, 'A');
        expect(await store.withdraw(c, 'A')).toBe(false);
        expect(await store.revise(c, 'A', 'back', 1)).toBe(false);
        expect(await store.waiting()).toEqual([]);
        expect(await store.claim(c, alice)).toBeUndefined();
      });

      it('let a deletion overtake its message', async () => {
        const store = await start();
        const c = newConversation();
        expect(await store.withdraw(c, 'A')).toBe(false);
        expect(await store.accept(question(c, 'A'), asked)).toBe('duplicate');
        expect(await store.revise(c, 'never seen', 'text', 1)).toBe(false);
        expect(await store.waiting()).toEqual([]);
      });
    });

    describe('requestStop', () => {
      it('marks the running turn of its conversation, however often', async () => {
        const store = await start();
        const [c, other] = [newConversation(), newConversation()];
        await ask(store, question(c, 'A'), question(other, 'A'));
        expect(await store.requestStop(c)).toBe(false);
        await mustClaim(store, other);
        const { claim } = await mustClaim(store, c);
        expect([await store.requestStop(c), await store.requestStop(c)]).toEqual([true, true]);
        expect((await store.view(other)).running?.stopRequested).toBe(false);
        await store.release(claim, { forgive: false });
        expect(await store.requestStop(c)).toBe(true);
        expect((await mustClaim(store, c)).turn.stopRequested).toBe(true);
      });

      it('comes too late once the end is stored, and does not reach the next turn', async () => {
        const store = await start();
        const c = newConversation();
        await ask(store, question(c, 'A'));
        const { claim } = await mustClaim(store, c);
        await store.requestStop(c);
        await store.conclude(claim, done);
        expect(await store.requestStop(c)).toBe(false);
        await ask(store, question(c, 'B'));
        const next = await store.finish(claim, alice, 5);
        expect(next?.turn.stopRequested).toBe(false);
      });
    });

    describe('claim', () => {
      it('takes all that waits into one turn, by the platform’s time, then by id', async () => {
        const store = await start();
        const c = newConversation();
        const late = question(c, 'late', { sentAt: 30 });
        const [b, a] = [question(c, 'b', { sentAt: 20 }), question(c, 'a', { sentAt: 20 })];
        const early = question(c, 'early', { sentAt: 10 });
        await ask(store, late, b, early, a);
        const before = Date.now();
        const { claim, turn, history } = await mustClaim(store, c);
        expect(turn).toEqual({
          id: claim.turn,
          conversation: c,
          messages: [early, a, b, late],
          attempt: 1,
          startedAt: expect.any(Number),
          pages: [],
          stopRequested: false,
        });
        expect(turn.startedAt).toBeGreaterThanOrEqual(before);
        expect(turn.startedAt).toBeLessThanOrEqual(Date.now());
        expect(claim.conversation).toBe(c);
        expect(history).toEqual([]);
        expect((await store.view(c)).queued).toEqual([]);
      });

      it('gives nothing where nothing is to do', async () => {
        const store = await start();
        const c = newConversation();
        expect(await store.claim(c, alice)).toBeUndefined();
        await ask(store, question(c, 'A'));
        await answer(store, c);
        expect(await store.claim(c, alice)).toBeUndefined();
      });

      it('gives a conversation to one owner at a time, not even twice to the same', async () => {
        const store = await start();
        const c = newConversation();
        await ask(store, question(c, 'A'));
        const leases = [alice, bob, alice, bob, alice];
        const works = await Promise.all(leases.map((lease) => store.claim(c, lease)));
        expect(works.filter((work) => work !== undefined)).toHaveLength(1);
        await ask(store, question(c, 'B'));
        expect(await store.claim(c, bob)).toBeUndefined();
        expect(await store.waiting()).toEqual([]);
      });

      it('gives an interrupted turn again, with its pages and one more attempt', async () => {
        const store = await start();
        const c = newConversation();
        await ask(store, question(c, 'A'));
        const first = await mustClaim(store, c);
        await store.savePage(first.claim, { index: 0, key: 'k0', id: 'p0', source: 'Once' });
        await store.release(first.claim, { forgive: false });
        await ask(store, question(c, 'B'));
        const second = await mustClaim(store, c, bob);
        expect(second.turn).toEqual({
          ...first.turn,
          attempt: 2,
          pages: [{ index: 0, key: 'k0', id: 'p0', source: 'Once' }],
        });
        expect(textsOf((await store.view(c)).queued)).toEqual(['B']);
      });

      it('gives a turn whose end is stored with that end', async () => {
        const store = await start();
        const c = newConversation();
        const ending = { outcome: 'failed', text: 'Half', note: 'The model is away.' } as const;
        await ask(store, question(c, 'A'));
        const first = await mustClaim(store, c);
        await store.conclude(first.claim, ending);
        await store.release(first.claim, { forgive: false });
        expect((await mustClaim(store, c)).turn.ending).toEqual(ending);
      });

      it('lets another owner take over once the lease ran out', async () => {
        const store = await start();
        const c = newConversation();
        await ask(store, question(c, 'A'));
        const first = await mustClaim(store, c, fleeting);
        const second = await eventually(() => mustClaim(store, c, bob));
        expect(second.turn).toEqual({ ...first.turn, attempt: 2 });
        expect(second.claim.fence).toBeGreaterThan(first.claim.fence);
      });

      it('uses no fence twice', async () => {
        const store = await start({ retentionMs: 1 });
        const c = newConversation();
        const fences: number[] = [];
        for (const text of ['A', 'B', 'C']) {
          await ask(store, question(c, text));
          const first = await mustClaim(store, c);
          await store.release(first.claim, { forgive: true });
          const second = await mustClaim(store, c);
          await ask(store, question(c, `${text}, too`));
          await store.conclude(second.claim, done);
          const third = await store.finish(second.claim, alice, 5);
          await store.conclude(third!.claim, done);
          await store.finish(third!.claim, alice, 5);
          await store.sweep();
          fences.push(first.claim.fence, second.claim.fence, third!.claim.fence);
        }
        expect(fences).toEqual([...new Set(fences)].toSorted((a, b) => a - b));
      });

      it('gives the newest of the history, oldest first', async () => {
        const store = await start({ historyLimit: 3 });
        const c = newConversation();
        for (const at of [4, 2, 5, 1, 3]) await ask(store, context(c, `${at}`, { sentAt: at }));
        await ask(store, question(c, 'A', { sentAt: 6 }));
        expect(textsOf((await mustClaim(store, c)).history)).toEqual(['3', '4', '5']);
        expect(textsOf((await store.view(c)).history)).toEqual(['3', '4', '5']);
      });
    });

    describe('renew', () => {
      it('keeps what would have run out', async () => {
        const store = await start();
        const [kept, lapsed] = [newConversation(), newConversation()];
        await ask(store, question(kept, 'A'), question(lapsed, 'A'));
        const { claim } = await mustClaim(store, kept, fleeting);
        expect(await store.renew([claim], alice)).toEqual([]);
        await mustClaim(store, lapsed, fleeting);
        await eventually(async () => expect(await isWaiting(store, lapsed)).toBe(true));
        expect(await isWaiting(store, kept)).toBe(false);
        expect(await store.claim(kept, bob)).toBeUndefined();
      });

      it('takes back a lease that ran out while nobody else came', async () => {
        const store = await start();
        const c = newConversation();
        await ask(store, question(c, 'A'));
        const { claim } = await mustClaim(store, c, fleeting);
        await eventually(async () => expect(await isWaiting(store, c)).toBe(true));
        expect(await store.renew([claim], alice)).toEqual([]);
        expect(await isWaiting(store, c)).toBe(false);
      });

      it('names the claims that are lost, and only those', async () => {
        const store = await start();
        const names = ['mine', 'released', 'finished', 'taken'] as const;
        const claims = {} as Record<(typeof names)[number], Claim>;
        for (const name of names) {
          const c = newConversation();
          await ask(store, question(c, 'A'));
          claims[name] = (await mustClaim(store, c)).claim;
        }
        await store.release(claims.released, { forgive: false });
        await store.conclude(claims.finished, done);
        await store.finish(claims.finished, alice, 5);
        await store.release(claims.taken, { forgive: false });
        await mustClaim(store, claims.taken.conversation, bob);
        const lost = await store.renew(Object.values(claims), alice);
        expect(lost).toEqual([claims.released, claims.finished, claims.taken]);
        expect(await store.renew([], alice)).toEqual([]);
      });
    });

    describe('pages', () => {
      it('are recorded before their post, after it, and as they grow', async () => {
        const store = await start();
        const c = newConversation();
        await ask(store, question(c, 'A'));
        const { claim } = await mustClaim(store, c);
        const pages = async (): Promise<unknown> => (await store.view(c)).running?.pages;
        await store.savePage(claim, { index: 0, key: 'k0', source: 'On' });
        expect(await pages()).toStrictEqual([{ index: 0, key: 'k0', source: 'On' }]);
        await store.savePage(claim, { index: 0, key: 'k0', id: 'p0', source: 'On' });
        await store.savePage(claim, { index: 1, key: 'k1', source: '' });
        await store.savePage(claim, { index: 0, key: 'k0', id: 'p0', source: 'Once' });
        expect(await pages()).toStrictEqual([
          { index: 0, key: 'k0', id: 'p0', source: 'Once' },
          { index: 1, key: 'k1', source: '' },
        ]);
        await store.dropPage(claim, 1);
        await store.dropPage(claim, 7);
        expect(await pages()).toHaveLength(1);
      });

      it('may still be recorded when the end is stored', async () => {
        const store = await start();
        const c = newConversation();
        await ask(store, question(c, 'A'));
        const { claim } = await mustClaim(store, c);
        await store.conclude(claim, done);
        await store.savePage(claim, { index: 0, key: 'k0', id: 'p0', source: 'An answer.' });
        expect((await store.view(c)).running?.pages).toHaveLength(1);
      });

      it('are forgotten with their turn', async () => {
        const store = await start();
        const c = newConversation();
        await ask(store, question(c, 'A'));
        const { claim } = await mustClaim(store, c);
        await store.savePage(claim, { index: 0, key: 'k0', id: 'p0', source: 'Once' });
        await ask(store, question(c, 'B'));
        await store.conclude(claim, done);
        expect((await store.finish(claim, alice, 5))?.turn.pages).toEqual([]);
      });
    });

    describe('conclude', () => {
      it('stores the first end; a later one is ignored', async () => {
        const store = await start();
        const c = newConversation();
        await ask(store, question(c, 'A'));
        const { claim } = await mustClaim(store, c);
        await store.conclude(claim, { outcome: 'stopped', text: 'Half', note: 'Stopped.' });
        await store.conclude(claim, done);
        expect((await store.view(c)).running?.ending).toStrictEqual({
          outcome: 'stopped',
          text: 'Half',
          note: 'Stopped.',
        });
        expect(await isWaiting(store, c)).toBe(false);
      });
    });

    describe('finish', () => {
      it('moves questions and reply into history and releases the conversation', async () => {
        const store = await start();
        const c = newConversation();
        await store.accept(question(c, 'A', { sentAt: 10 }), { stops: false, tokens: 11 });
        await store.accept(question(c, 'B', { sentAt: 20, author: { id: 'U2' } }), {
          stops: false,
          tokens: 12,
        });
        const { claim } = await mustClaim(store, c);
        const ending = { outcome: 'failed', text: 'Half', note: 'The model is away.' } as const;
        await store.conclude(claim, ending);
        expect(await store.finish(claim, alice, 13)).toBeUndefined();
        const { turn } = claim;
        expect(await store.view(c)).toStrictEqual({
          history: [
            {
              id: 'A',
              role: 'user',
              turn,
              author: { id: 'U1', name: 'Ann' },
              text: 'A',
              at: 10,
              tokens: 11,
            },
            { id: 'B', role: 'user', turn, author: { id: 'U2' }, text: 'B', at: 20, tokens: 12 },
            { id: turn, role: 'assistant', turn, at: 20, tokens: 13, ...ending },
          ],
          queued: [],
        });
        expect(await store.waiting()).toEqual([]);
      });

      it('begins the next turn with all that came meanwhile, under the same owner', async () => {
        const store = await start();
        const c = newConversation();
        await ask(store, question(c, 'A', { sentAt: 1 }));
        const { claim } = await mustClaim(store, c);
        await ask(store, question(c, 'C', { sentAt: 3 }), question(c, 'B', { sentAt: 2 }));
        await store.conclude(claim, done);
        const next = await store.finish(claim, alice, 5);
        expect(textsOf(next!.turn.messages)).toEqual(['B', 'C']);
        expect(next!.turn.attempt).toBe(1);
        expect(next!.turn.ending).toBeUndefined();
        expect(next!.turn.id).not.toBe(claim.turn);
        expect(textsOf(next!.history)).toEqual(['A', done.text]);
        expect(await store.claim(c, bob)).toBeUndefined();
        await store.conclude(next!.claim, { outcome: 'done', text: 'Two answers.' });
        expect(await store.finish(next!.claim, alice, 5)).toBeUndefined();
        expect(textsOf((await store.view(c)).history)).toEqual([
          'A',
          done.text,
          'B',
          'C',
          'Two answers.',
        ]);
      });

      it('puts the reply right behind its question, whatever was said meanwhile', async () => {
        const store = await start();
        const c = newConversation();
        await ask(store, question(c, 'A', { sentAt: 10 }));
        const { claim } = await mustClaim(store, c);
        await ask(store, context(c, 'later', { sentAt: 20 }), context(c, 'z', { sentAt: 10 }));
        await store.conclude(claim, done);
        await store.finish(claim, alice, 5);
        await ask(store, context(c, 'delayed', { sentAt: 5 }));
        const { history } = await store.view(c);
        expect(textsOf(history)).toEqual(['delayed', 'A', 'z', done.text, 'later']);
      });

      it('leaves no reply where nothing was said, but keeps a note', async () => {
        const store = await start();
        const c = newConversation();
        await ask(store, question(c, 'A', { sentAt: 1 }));
        await answer(store, c, { outcome: 'stopped', text: '' });
        await ask(store, question(c, 'B', { sentAt: 2 }));
        await answer(store, c, { outcome: 'failed', text: '', note: 'Ask again later.' });
        const { history } = await store.view(c);
        expect(history.map((entry) => entry.note ?? entry.text)).toEqual([
          'A',
          'B',
          'Ask again later.',
        ]);
      });

      it('changes nothing the second time', async () => {
        const store = await start();
        const c = newConversation();
        await ask(store, question(c, 'A'));
        const { claim } = await mustClaim(store, c);
        await ask(store, question(c, 'B'));
        await store.conclude(claim, done);
        const both = await Promise.allSettled([
          store.finish(claim, alice, 5),
          store.finish(claim, alice, 5),
        ]);
        expect(both.map((each) => each.status).toSorted()).toEqual(['fulfilled', 'rejected']);
        await expect(store.finish(claim, alice, 5)).rejects.toBeInstanceOf(ClaimLost);
        const { history, running } = await store.view(c);
        expect(textsOf(history)).toEqual(['A', done.text]);
        expect(textsOf(running!.messages)).toEqual(['B']);
      });

      it('refuses a turn without an end, and leaves it running', async () => {
        const store = await start();
        const c = newConversation();
        await ask(store, question(c, 'A'));
        const { claim, turn } = await mustClaim(store, c);
        const error: unknown = await store.finish(claim, alice, 5).catch((e: unknown) => e);
        expect((error as Error).message).toContain(claim.turn);
        expect(error).not.toBeInstanceOf(ClaimLost);
        expect(error).not.toBeInstanceOf(StoreUnavailable);
        expect(await store.view(c)).toEqual({ history: [], running: turn, queued: [] });
      });

      it('never strands a question that comes at the same moment', async () => {
        const store = await start();
        for (let round = 0; round < 50; round += 1) {
          const c = newConversation();
          await ask(store, question(c, 'A'));
          const { claim } = await mustClaim(store, c);
          await store.conclude(claim, done);
          const steps = [
            (): Promise<unknown> => store.accept(question(c, 'B'), asked),
            (): Promise<unknown> => store.finish(claim, alice, 5),
          ];
          if (round % 2 === 1) steps.reverse();
          await Promise.all(steps.map((step) => step()));
          const { running } = await store.view(c);
          const taken = running !== undefined && textsOf(running.messages).includes('B');
          expect(taken || (await isWaiting(store, c))).toBe(true);
        }
      });
    });

    describe('release', () => {
      it('lets others try again, and counts the attempt unless forgiven', async () => {
        const store = await start();
        const c = newConversation();
        await ask(store, question(c, 'A'));
        const attempts: number[] = [];
        for (const forgive of [true, true, false, true, false, false]) {
          const { claim, turn } = await mustClaim(store, c);
          await store.release(claim, { forgive });
          const [waiting] = await store.waiting();
          attempts.push(turn.attempt, waiting!.attempts);
        }
        expect(attempts).toEqual([1, 0, 1, 0, 1, 1, 2, 1, 2, 2, 3, 3]);
      });
    });

    describe('a claim that is lost', () => {
      const refusals: Record<string, (store: Store, claim: Claim) => Promise<unknown>> = {
        savePage: (store, claim) => store.savePage(claim, { index: 0, key: 'k', source: 'x' }),
        dropPage: (store, claim) => store.dropPage(claim, 0),
        conclude: (store, claim) => store.conclude(claim, done),
        finish: (store, claim) => store.finish(claim, alice, 5),
        release: (store, claim) => store.release(claim, { forgive: true }),
      };

      it.each(Object.keys(refusals))('is refused by %s, without effect', async (method) => {
        const store = await start();
        const attempt = refusals[method]!;
        const c = newConversation();
        await ask(store, question(c, 'A'));

        const released = await mustClaim(store, c);
        await store.release(released.claim, { forgive: false });
        await expect(attempt(store, released.claim)).rejects.toBeInstanceOf(ClaimLost);

        const lapsed = await mustClaim(store, c, fleeting);
        const taken = await eventually(() => mustClaim(store, c, bob));
        const page = { index: 0, key: 'k0', id: 'p0', source: 'Bob’s' };
        await store.savePage(taken.claim, page);
        await expect(attempt(store, lapsed.claim)).rejects.toBeInstanceOf(ClaimLost);
        expect((await store.view(c)).running).toEqual({ ...taken.turn, pages: [page] });

        await store.conclude(taken.claim, done);
        await store.finish(taken.claim, bob, 5);
        await expect(attempt(store, taken.claim)).rejects.toBeInstanceOf(ClaimLost);
        expect(textsOf((await store.view(c)).history)).toEqual(['A', done.text]);

        await ask(store, question(c, 'B', { sentAt: 1_800_000_000_000 }));
        const next = await mustClaim(store, c);
        await expect(attempt(store, taken.claim)).rejects.toBeInstanceOf(ClaimLost);
        expect((await store.view(c)).running).toEqual(next.turn);
      });
    });

    describe('waiting', () => {
      it('lists whoever waits longest first, without those at work', async () => {
        const store = await start();
        const all = Array.from({ length: 5 }, () => newConversation());
        // The platform's time says otherwise: what counts is how long a question lies here.
        for (const [i, c] of all.entries()) {
          const asked = Date.now();
          await ask(store, question(c, 'A', { sentAt: 100 - i }));
          await eventually(() => expect(Date.now()).toBeGreaterThan(asked));
        }
        await mustClaim(store, all[1]!);
        await ask(store, question(all[1]!, 'B'));
        const { claim } = await mustClaim(store, all[2]!);
        await store.release(claim, { forgive: false });
        expect(await store.waiting()).toEqual([
          { conversation: all[0], attempts: 0 },
          { conversation: all[2], attempts: 1 },
          { conversation: all[3], attempts: 0 },
          { conversation: all[4], attempts: 0 },
        ]);
      });

      it('lists a conversation again whose owner gave no sign of life', async () => {
        const store = await start();
        const c = newConversation();
        await ask(store, question(c, 'A'));
        await mustClaim(store, c, fleeting);
        await eventually(async () =>
          expect(await store.waiting()).toEqual([{ conversation: c, attempts: 1 }]),
        );
      });

      it('stays bounded', async () => {
        const store = await start();
        const questions = Array.from({ length: 1_100 }, () => question(newConversation(), 'A'));
        await Promise.all(questions.map((each) => store.accept(each, asked)));
        expect(await store.waiting()).toHaveLength(1_000);
      });
    });

    describe('view', () => {
      it('shows nothing of a conversation that nobody began', async () => {
        const store = await start();
        expect(await store.view(newConversation())).toStrictEqual({ history: [], queued: [] });
      });

      it('shows history, the running turn and what waits', async () => {
        const store = await start();
        const c = newConversation();
        await ask(store, question(c, 'A', { sentAt: 1 }));
        await answer(store, c);
        await ask(store, question(c, 'B', { sentAt: 2 }));
        const { claim, turn } = await mustClaim(store, c);
        await ask(store, question(c, 'C', { sentAt: 4 }), question(c, 'D', { sentAt: 3 }));
        const view = await store.view(c);
        expect(textsOf(view.history)).toEqual(['A', done.text]);
        expect(view.running).toEqual(turn);
        expect(textsOf(view.queued)).toEqual(['D', 'C']);
        await store.release(claim, { forgive: false });
        expect((await store.view(c)).running).toEqual(turn);
      });
    });

    describe('sweep', () => {
      const now = Date.now();

      it('deletes history older than its time, and says how much', async () => {
        const store = await start({ retentionMs: 60_000 });
        const c = newConversation();
        for (let i = 0; i < 450; i += 1) await ask(store, context(c, `${i}`, { sentAt: i }));
        await ask(store, question(c, 'old', { sentAt: 1_000 }));
        await answer(store, c);
        await ask(store, question(c, 'new', { sentAt: now }));
        await answer(store, c);
        expect(await store.sweep()).toBe(452);
        expect(await store.sweep()).toBe(0);
        expect(textsOf((await store.view(c)).history)).toEqual(['new', done.text]);
      });

      it('leaves questions that are not answered yet, however old', async () => {
        const store = await start({ retentionMs: 1, seenMs: 1 });
        const c = newConversation();
        await ask(store, question(c, 'A', { sentAt: 1 }));
        await mustClaim(store, c);
        await ask(store, question(c, 'B', { sentAt: 2 }));
        const before = await store.view(c);
        await eventually(() => expect(Date.now()).toBeGreaterThan(now + 2));
        expect(await store.sweep()).toBe(0);
        expect(await store.view(c)).toEqual(before);
        for (const text of ['A', 'B']) {
          expect(await store.accept(question(c, text), asked)).toBe('duplicate');
        }
      });

      it('forgets ids in time, but not of what is still in history', async () => {
        const store = await start({ retentionMs: 1e12, seenMs: 1 });
        const c = newConversation();
        await ask(store, question(c, 'withdrawn'), context(c, 'kept'));
        await store.withdraw(c, 'withdrawn');
        await eventually(async () => {
          await store.sweep();
          expect(await store.accept(question(c, 'withdrawn'), asked)).toBe('queued');
        });
        expect(await store.accept(question(c, 'kept'), asked)).toBe('duplicate');
      });
    });

    describe('check, close and a new start', () => {
      it('says that it can write', async () => {
        const store = await start();
        await expect(store.check()).resolves.toBeUndefined();
      });

      it('refuses every step after close, which may be called twice', async () => {
        const store = await start();
        const c = newConversation();
        await Promise.all([store.close(), store.close()]);
        for (const step of [
          () => store.accept(question(c, 'A'), asked),
          () => store.claim(c, alice),
          () => store.waiting(),
          () => store.view(c),
          () => store.check(),
        ]) {
          await expect(step()).rejects.toBeInstanceOf(StoreUnavailable);
        }
      });

      it('finds everything again', async () => {
        const store = await start();
        const [past, queued, running, ended] = Array.from({ length: 4 }, newConversation);
        const all = [past!, queued!, running!, ended!];
        for (const c of all) await ask(store, question(c, 'A', { sentAt: 1 }), context(c, 'ctx'));
        await answer(store, past!);
        const { claim } = await mustClaim(store, running!, fleeting);
        await store.savePage(claim, { index: 0, key: 'k0', source: 'Onc' });
        await store.savePage(claim, { index: 0, key: 'k0', id: 'p0', source: 'Once' });
        await store.requestStop(running!);
        await ask(store, question(running!, 'B', { sentAt: 2 }));
        const concluded = await mustClaim(store, ended!, fleeting);
        await store.conclude(concluded.claim, { ...done, note: 'A note.' });
        const before = await Promise.all(all.map((c) => store.view(c)));

        const again = await opened!.reopen();
        expect(await Promise.all(all.map((c) => again.view(c)))).toEqual(before);
        for (const c of all) {
          expect(await again.accept(question(c, 'A'), asked)).toBe('duplicate');
        }
        await eventually(async () => {
          const waiting = await again.waiting();
          expect(new Map(waiting.map((each) => [each.conversation, each.attempts]))).toEqual(
            new Map([
              [queued, 0],
              [running, 1],
              [ended, 1],
            ]),
          );
        });
        const resumed = await mustClaim(again, running!, bob);
        expect(resumed.turn).toEqual({ ...before[2]!.running, attempt: 2 });
        await expect(
          again.savePage(claim, { index: 0, key: 'k0', source: 'stale' }),
        ).rejects.toBeInstanceOf(ClaimLost);
      });
    });

    stressStore(() => start());
  });
}

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createCore } from '../../src/core/create-core.ts';
import { type ConversationId, conversationId } from '../../src/core/domain/conversation.ts';
import type { Dispatcher } from '../../src/core/turns/dispatcher.ts';
import { ModelFailed, StoreUnavailable } from '../../src/core/domain/errors.ts';
import type { Inbox } from '../../src/core/intake/inbox.ts';
import type { Message } from '../../src/core/domain/message.ts';
import type { EarlierEntry } from '../../src/core/ports/platform.ts';
import type { Store } from '../../src/core/ports/store.ts';
import { openSqliteStore } from '../../src/stores/sqlite/sqlite-store.ts';
import { recordingLog } from '../fakes/recording-log.ts';
import { ScriptedModel, type ScriptedAnswer } from '../fakes/scripted-model.ts';
import { FakePlatform } from '../fakes/fake-platform.ts';

const here = conversationId('fake', 'c1');
const there = conversationId('fake', 'c2');

/** The core on the real store, between a platform and a model in the test's hands. */
class World {
  readonly folder = mkdtempSync(join(tmpdir(), 'parley-turns-'));
  readonly platform = new FakePlatform();
  readonly log = recordingLog();
  model = new ScriptedModel();
  bounds = {
    maxAttempts: 3,
    maxTurnMs: 60_000,
    maxReplyChars: 50_000,
    maxQuestionAgeMs: 3_600_000,
    historyTokens: 1_000,
  };
  concurrency = 10;
  isDenied: (author: string) => boolean = () => false;
  store!: Store;
  dispatcher!: Dispatcher;
  inbox!: Inbox;
  #ids = 0;

  async start(wrap: (store: Store) => Store = (store) => store): Promise<void> {
    this.store = wrap(await openSqliteStore({ folder: this.folder, retentionMs: 1e12 }));
    const { inbox, dispatcher } = createCore({
      store: this.store,
      model: this.model,
      platforms: [this.platform],
      instructions: () => 'Be brief.',
      limits: this.bounds,
      concurrency: this.concurrency,
      mostOpen: 20,
      isDenied: this.isDenied,
      lease: { owner: 'test', leaseMs: 30_000 },
      log: this.log,
    });
    this.inbox = inbox;
    this.dispatcher = dispatcher;
    this.dispatcher.start();
  }

  async stop(drainMs = 0): Promise<void> {
    await this.dispatcher.drain(drainMs);
    await this.store.close();
  }

  /** A new process on the same folder, with a model that knows nothing of the last one. */
  async restart(): Promise<void> {
    await this.stop();
    this.model = new ScriptedModel();
    await this.start();
  }

  message(text: string, conversation: ConversationId = here, more: Partial<Message> = {}): Message {
    this.#ids += 1;
    return {
      id: `m${this.#ids}`,
      conversation,
      author: { id: 'ana' },
      text,
      sentAt: Date.now() + this.#ids,
      kind: 'question',
      ...more,
    };
  }

  async ask(text: string, conversation?: ConversationId, more?: Partial<Message>) {
    const message = this.message(text, conversation, more);
    return { message, receipt: await this.inbox.receive(message) };
  }

  /** The nth request to the model, once it is there. */
  writing(nth: number): Promise<ScriptedAnswer> {
    return vi.waitFor(() => {
      const writing = this.model.answers[nth];
      if (writing === undefined) throw new Error(`the model was not asked ${nth + 1} times`);
      return writing;
    });
  }

  /** Waits until people read just these replies and every turn is over. */
  reads(replies: string[]): Promise<void> {
    return vi.waitFor(
      () => {
        expect(this.platform.replies).toEqual(replies);
        expect(this.dispatcher.running).toBe(0);
      },
      { timeout: 10_000 },
    );
  }

  /** Waits until people read this, whether or not it goes on. */
  shows(...replies: string[]): Promise<void> {
    return vi.waitFor(() => expect(this.platform.replies).toEqual(replies), { timeout: 10_000 });
  }
}

/** The steps of a store in which somebody becomes a conversation's owner. */
function claimsOf(store: Store) {
  return [vi.spyOn(store, 'claim'), vi.spyOn(store, 'acceptAndClaim')];
}

let world: World;

beforeEach(async () => {
  world = new World();
  await world.start();
});

afterEach(async () => {
  await world.stop();
  rmSync(world.folder, { recursive: true });
});

describe('a question', () => {
  it('is answered, and the answer is shown while it is written', async () => {
    await world.ask('How are you?');
    const writing = await world.writing(0);
    writing.write('Fine');
    await world.shows('Fine');
    writing.write(', thanks.').end();
    await world.reads(['Fine, thanks.']);
    expect(world.platform.endings).toMatchObject([{ outcome: 'done' }]);
  });

  it('is read with what was said before', async () => {
    world.model.onRequest = (writing) => writing.write(`re: ${writing.question}`).end();
    await world.ask('one');
    await world.reads(['re: one']);
    await world.ask('two');
    await world.reads(['re: one', 're: two']);
    expect(world.model.answers[1]?.request).toMatchObject({
      instructions: 'Be brief.',
      messages: [
        { role: 'user', text: 'one' },
        { role: 'assistant', text: 're: one' },
        { role: 'user', text: 'two' },
      ],
    });
  });

  it('that comes twice is answered once', async () => {
    const { message } = await world.ask('one');
    expect(await world.inbox.receive(message)).toBe('duplicate');
    (await world.writing(0)).write('once').end();
    await world.reads(['once']);
    expect(await world.inbox.receive(message)).toBe('duplicate');
    await world.reads(['once']);
  });

  it('of another conversation is answered meanwhile', async () => {
    await world.ask('slow one');
    await world.writing(0);
    await world.ask('quick one', there);
    (await world.writing(1)).write('quick').end();
    await vi.waitFor(() => expect(world.platform.replies).toContain('quick'));
    (await world.writing(0)).write('slow').end();
    await world.reads(['slow', 'quick']);
  });

  it.each([
    ['', 'empty'],
    [' \n\0 ', 'empty'],
    ['x'.repeat(1_000_000), 'too-long'],
  ])('without sense is refused in a sentence', async (text, reason) => {
    await expect(world.ask(text)).rejects.toMatchObject({ name: 'MessageRefused', reason });
    expect(world.model.answers).toEqual([]);
  });

  it('of odd characters is answered like any other', async () => {
    world.model.onRequest = (writing) => writing.write(`got ${writing.question.length}`).end();
    const nested = Array.from({ length: 1_500 }, (_, level) => `${' '.repeat(level % 50)}- x`).join(
      '\n',
    );
    await world.ask('a\ud800\0b');
    await world.reads(['got 3']);
    await world.ask(nested, there);
    await world.reads(['got 3', `got ${nested.length}`]);
  });
});

describe('messages that come during an answer', () => {
  it('become the next turn, together, in the order in which they were sent', async () => {
    await world.ask('first');
    const first = await world.writing(0);
    first.write('one');
    const late = world.message('third');
    const early = world.message('second', here, { sentAt: late.sentAt - 10_000 });
    await world.inbox.receive(late);
    await world.inbox.receive(early);
    first.write('!').end();
    const second = await world.writing(1);
    expect(second.request.messages.map((message) => message.text)).toEqual([
      'first',
      'one!',
      'second',
      'third',
    ]);
    second.write('two').end();
    await world.reads(['one!', 'two']);
  });

  it('are read as context when they are not for the bot, without an answer of their own', async () => {
    await world.ask('first');
    const first = await world.writing(0);
    expect((await world.ask('just talking', here, { kind: 'context' })).receipt).toBe('kept');
    first.write('one').end();
    await world.reads(['one']);
    await world.ask('second');
    const second = await world.writing(1);
    expect(second.request.messages.map((message) => message.text)).toEqual([
      'first',
      'one',
      'just talking',
      'second',
    ]);
    second.end();
  });

  it('can be changed or taken back until their turn begins', async () => {
    await world.ask('first');
    const first = await world.writing(0);
    const { message: changed } = await world.ask('secnod');
    const { message: withdrawn } = await world.ask('never mind');
    expect(await world.inbox.revise(here, changed.id, 'second')).toBe(true);
    expect(await world.inbox.withdraw(here, withdrawn.id)).toBe(true);
    first.write('one').end();
    const second = await world.writing(1);
    expect(second.question).toBe('second');
    second.write('two').end();
    await world.reads(['one', 'two']);
    expect(await world.inbox.revise(here, changed.id, 'too late')).toBe(false);
  });
});

describe('what was said before the bot was called', () => {
  const ben = { id: 'ben', name: 'Ben' };
  const saidBefore: EarlierEntry[] = [
    { id: 'before0', role: 'user', author: ben, text: 'We need a plan.', at: 0 },
    { id: 'before1', role: 'assistant', text: 'Which one?', at: 1 },
    { id: 'before2', role: 'user', author: ben, text: 'Any ideas?', at: 2 },
  ];

  it('is read once, and kept', async () => {
    world.platform.said.set(here, saidBefore);
    world.model.onRequest = (writing) => writing.write(`re: ${writing.question}`).end();
    await world.ask('What do you say?');
    await world.reads(['re: [ana]: What do you say?']);
    await world.ask('And now?');
    await world.reads([expect.anything(), 're: [ana]: And now?']);
    expect(world.model.answers[1]?.request.messages.map((message) => message.text)).toEqual([
      'Ben: We need a plan.',
      'Which one?',
      'Ben: Any ideas?',
      '[ana]: What do you say?',
      're: [ana]: What do you say?',
      '[ana]: And now?',
    ]);
  });

  it('is not read where its author was denied since', async () => {
    world.isDenied = (author) => author === 'ben';
    await world.restart();
    world.platform.said.set(here, saidBefore);
    await world.ask('What do you say?');
    const { request } = await world.writing(0);
    expect(request.messages.map(({ text }) => text)).toEqual(['Which one?', 'What do you say?']);
  });

  it('holds no answer up when the platform does not tell it', async () => {
    world.platform.said.set(here, new Error('no such channel'));
    await world.ask('What do you say?');
    (await world.writing(0)).write('Hm.').end();
    await world.reads(['Hm.']);
  });
});

describe('"new"', () => {
  it('leaves what was said before behind', async () => {
    world.model.onRequest = (writing) => writing.write(`re: ${writing.question}`).end();
    await world.ask('one');
    await world.reads(['re: one']);
    await world.ask('New');
    await world.reads(['re: one', expect.stringMatching(/^_A new conversation/)]);
    await world.ask('two');
    await world.reads(['re: one', expect.anything(), 're: two']);
    expect(world.model.answers[1]?.request.messages).toEqual([{ role: 'user', text: 'two' }]);
  });
});

describe('a person with too many open questions', () => {
  it('is told so, and asks again later', async () => {
    const asks = Array.from({ length: 20 }, (_, at) =>
      world.ask(`${at}`, conversationId('fake', `many${at}`)),
    );
    await Promise.all(asks);
    await expect(world.ask('one more')).rejects.toMatchObject({
      name: 'MessageRefused',
      reason: 'too-many',
    });
    expect((await world.ask('not mine', there, { author: { id: 'ben' } })).receipt).toBe('queued');
    (await world.writing(0)).end();
    await vi.waitFor(async () => expect((await world.ask('later')).receipt).toBe('queued'));
  });
});

describe('stop', () => {
  it.each(['stop', 'Cancel', 'STOP!'])('"%s" ends the answer and keeps its text', async (word) => {
    await world.ask('tell me everything');
    const writing = await world.writing(0);
    writing.write('Everything is');
    await world.shows('Everything is');
    expect((await world.ask(word)).receipt).toBe('stopping');
    await world.reads(['Everything is\n\n_Stopped._']);
    expect(writing.request.signal.aborted).toBe(true);
    expect(world.platform.endings).toMatchObject([{ outcome: 'stopped' }]);
  });

  it('ends an answer that has not begun to be shown', async () => {
    await world.ask('tell me everything');
    await world.writing(0);
    expect(await world.inbox.stop(here)).toBe(true);
    await world.reads(['_Stopped._']);
  });

  it('ends an answer that still waits in line for the model', async () => {
    await world.stop();
    world.concurrency = 1;
    await world.start();
    await world.ask('first');
    const first = await world.writing(0);
    await world.ask('second', there);
    await world.ask('stop', there);
    await vi.waitFor(() => expect(world.platform.replies).toContain('_Stopped._'));
    first.write('one').end();
    await vi.waitFor(() =>
      expect(world.platform.replies.toSorted()).toEqual(['_Stopped._', 'one']),
    );
    expect(world.model.answers).toHaveLength(1);
  });

  it('lets what was asked after the stopped question be answered', async () => {
    await world.ask('first');
    (await world.writing(0)).write('one');
    await world.shows('one');
    await world.ask('second');
    await world.ask('stop');
    (await world.writing(1)).write('two').end();
    await world.reads(['one\n\n_Stopped._', 'two']);
  });

  it('is heard when it is said again because the first time went wrong', async () => {
    await world.ask('tell me everything');
    (await world.writing(0)).write('Everything is');
    await world.shows('Everything is');
    const view = world.store.conversationView.bind(world.store);
    world.store.conversationView = () =>
      Promise.reject(new StoreUnavailable('away', 'the test says so'));
    const order = world.message('stop');
    await expect(world.inbox.receive(order)).rejects.toThrow('the test says so');
    world.store.conversationView = view;
    await world.inbox.receive(order);
    await world.reads(['Everything is\n\n_Stopped._']);
  });

  it('is no question when the answer is complete and only its last words are being shown', async () => {
    world.platform.onSurface = (surface) => (surface.latencyMs = 300);
    await world.ask('one');
    const writing = await world.writing(0);
    writing.write('Almost');
    await world.shows('Almost');
    writing.write(' done.').end();
    await vi.waitFor(async () =>
      expect((await world.store.conversationView(here)).running?.ending?.text).toBe('Almost done.'),
    );
    expect((await world.ask('stop')).receipt).toBe('stopping');
    await world.reads(['Almost done.']);
    expect(world.model.answers).toHaveLength(1);
  });

  it('is a word like any other when nothing runs', async () => {
    expect((await world.ask('stop')).receipt).toBe('queued');
    (await world.writing(0)).write('Stop what?').end();
    await world.reads(['Stop what?']);
  });
});

describe('a failure', () => {
  it('of the model is told in a sentence, below the text so far', async () => {
    await world.ask('one');
    (await world.writing(0)).write('So far').fail(new ModelFailed('cut', 'ECONNRESET'));
    await world.reads(['So far\n\n_The connection to the model was cut; ask again._']);
    expect(world.platform.endings).toMatchObject([{ outcome: 'failed' }]);
  });

  it('that nobody thought of is told too, and its cause is logged', async () => {
    await world.ask('one');
    (await world.writing(0)).fail(new TypeError('x is not a function'));
    await world.reads([expect.stringContaining('Something went wrong on my side')]);
    expect(world.log.events).toContainEqual(
      expect.objectContaining({ level: 'error', event: 'answer failed' }),
    );
  });

  it('does not keep the next question from its answer', async () => {
    await world.ask('one');
    (await world.writing(0)).fail(new ModelFailed('overloaded', '503'));
    await world.reads(['_The model is overloaded right now; ask again in a minute._']);
    await world.ask('two');
    (await world.writing(1)).write('two').end();
    await world.reads([expect.anything(), 'two']);
  });

  it('of the store to keep the ending is waited out', async () => {
    await world.stop();
    let away = 2;
    await world.start((store) => {
      const conclude = store.storeEnding.bind(store);
      store.storeEnding = (...args) => {
        away -= 1;
        if (away >= 0) return Promise.reject(new StoreUnavailable('away', 'the test says so'));
        return conclude(...args);
      };
      return store;
    });
    await world.ask('one');
    (await world.writing(0)).write('kept').end();
    await world.reads(['kept']);
  });

  it('to show the reply because a person deleted it ends the turn quietly', async () => {
    await world.ask('one');
    const writing = await world.writing(0);
    writing.write('Hello');
    await world.shows('Hello');
    [...world.platform.surfaces.values()][0]?.deleteByPerson(0);
    writing.write(' there');
    await world.reads(['']);
    expect(world.platform.endings).toMatchObject([{ outcome: 'stopped' }]);
    expect(writing.request.signal.aborted).toBe(true);
  });
});

describe('what fails again and again', () => {
  it('is not tried sooner because its person writes more', async () => {
    const surface = vi.spyOn(world.platform, 'surface').mockImplementation(() => {
      throw new Error('a bug');
    });
    await world.ask('one');
    for (let more = 0; more < 6; more += 1) await world.ask(`more ${more}`);
    await vi.waitFor(() =>
      expect(world.log.events.map(({ event }) => event)).toContain('conversation interrupted'),
    );
    await world.ask('still more');
    expect(surface).toHaveBeenCalledTimes(1);
    surface.mockRestore();
    world.model.onRequest = (writing) => writing.write(writing.question).end();
    await world.reads(['one', 'still more']);
  });

  it('keeps no other conversation from its answer while it is tried alone', async () => {
    await world.ask('the suspect');
    await world.writing(0);
    await world.stop();
    const folder = { folder: world.folder, retentionMs: 1e12 };
    for (const owner of ['a process that dies', 'and another one']) {
      const store = await openSqliteStore(folder);
      await store.claim(here, { owner, leaseMs: 60_000 });
      await store.close();
    }
    const store = await openSqliteStore(folder);
    await store.accept(world.message('left over', there), { stops: false, tokens: 1 });
    expect(await store.unclaimed()).toMatchObject([{ attempts: 2 }, { attempts: 0 }]);
    await store.close();
    world.model = new ScriptedModel();
    world.model.onRequest = (writing) => {
      if (writing.question !== 'the suspect') writing.write('answered').end();
    };
    await world.start();
    await vi.waitFor(() => expect(world.platform.replies).toContain('answered'));
    await vi.waitFor(() => expect(world.dispatcher.running).toBe(1));
  });
});

describe('bounds', () => {
  it('end an answer that gets too long, with a sentence', async () => {
    await world.stop();
    world.bounds = { ...world.bounds, maxReplyChars: 10 };
    await world.start();
    await world.ask('one');
    (await world.writing(0)).write('12345678').write('9👩abc');
    await world.reads([expect.stringMatching(/^123456789\n\n_That is as long as one answer/)]);
  });

  it('end an answer that takes too long, and keep its text', async () => {
    await world.stop();
    world.bounds = { ...world.bounds, maxTurnMs: 500 };
    await world.start();
    await world.ask('one');
    (await world.writing(0)).write('So far');
    await world.reads([expect.stringMatching(/^So far\n\n_This took longer/)]);
    expect(world.platform.endings).toMatchObject([{ outcome: 'failed' }]);
  });

  it('let so many answers be written at once, and tell the others that they wait', async () => {
    await world.stop();
    world.concurrency = 1;
    world.platform.onSurface = (surface) =>
      surface.withWorking({ renewMs: 60_000, tellsWaiting: true });
    await world.start();
    await world.ask('first');
    const first = await world.writing(0);
    await world.ask('second', there);
    await vi.waitFor(() =>
      expect([...world.platform.surfaces.values()][1]?.marks).toContainEqual({
        phase: 'waiting',
        ahead: 0,
      }),
    );
    expect(world.model.answers).toHaveLength(1);
    first.write('one').end();
    (await world.writing(1)).write('two').end();
    await world.reads(['one', 'two']);
  });

  it('leave a question that is too old, and say so', async () => {
    await world.ask('one', here, { sentAt: Date.now() - 2 * 3_600_000 });
    await world.reads([expect.stringContaining('I was away when you asked this 2 hours ago')]);
    expect(world.model.answers).toEqual([]);
  });

  it('cut what the model says about its own limit to a sentence', async () => {
    await world.ask('one');
    (await world.writing(0)).write('Half').end('length');
    await world.reads([expect.stringMatching(/^Half\n\n_The model reached its own length limit/)]);
  });
});

describe('a question that is just being stored', () => {
  const away = new StoreUnavailable('away', 'the test says so');

  /** One answer is over, so that it is known that nothing is paused. */
  async function begin(): Promise<void> {
    await world.ask('good morning');
    (await world.writing(0)).write('Hello.').end();
    await world.reads(['Hello.']);
  }

  /** The store has taken this in, but does not say so before the test wants it. */
  async function receiveSlowly(
    message: Message,
  ): Promise<{ stored: () => void; receipt: Promise<unknown> }> {
    const { store } = world;
    const acceptAndClaim = store.acceptAndClaim.bind(store);
    const [held, taken] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    store.acceptAndClaim = async (...step) => {
      store.acceptAndClaim = acceptAndClaim;
      const admitted = await acceptAndClaim(...step);
      taken.resolve();
      await held.promise;
      return admitted;
    };
    const receipt = world.inbox.receive(message);
    await taken.promise;
    return { stored: held.resolve, receipt };
  }

  async function askSlowly(text: string): ReturnType<typeof receiveSlowly> {
    await begin();
    return receiveSlowly(world.message(text));
  }

  it('is left to the next start, and no attempt is counted, when this one ends', async () => {
    const { stored, receipt } = await askSlowly('one');
    const drained = world.dispatcher.drain(30_000);
    stored();
    expect(await receipt).toBe('queued');
    await drained;
    expect(world.model.answers).toHaveLength(1);
    expect(await world.store.unclaimed()).toEqual([{ conversation: here, attempts: 0 }]);
  });

  it('waits when an operator wants nothing to be begun, and is answered after that', async () => {
    const { stored, receipt } = await askSlowly('one');
    await world.store.setPausedSince(Date.now());
    await vi.waitFor(() => expect(world.dispatcher.isPaused).toBe(true), { timeout: 5_000 });
    stored();
    expect(await receipt).toBe('queued');
    await vi.waitFor(() => expect(world.dispatcher.running).toBe(0));
    expect(world.model.answers).toHaveLength(1);
    expect(await world.store.unclaimed()).toEqual([{ conversation: here, attempts: 0 }]);
    await world.store.setPausedSince(undefined);
    (await vi.waitFor(() => world.writing(1), { timeout: 5_000 })).write('Yes.').end();
    await world.reads(['Hello.', 'Yes.']);
  });

  it('is answered once, though it and more of its kind come meanwhile', async () => {
    const { stored, receipt } = await askSlowly('one');
    const [running] = (await world.store.conversationView(here)).running!.messages;
    expect(await world.inbox.receive(running!)).toBe('duplicate');
    expect((await world.ask('two')).receipt).toBe('queued');
    stored();
    expect(await receipt).toBe('queued');
    (await world.writing(1)).write('one').end();
    (await world.writing(2)).write('two').end();
    await world.reads(['Hello.', 'one', 'two']);
  });

  it('keeps the next one from its answer for no longer, though it was known already', async () => {
    await begin();
    const known = (await world.store.conversationView(here)).history[0]!;
    const { stored, receipt } = await receiveSlowly(world.message('', here, known));
    expect((await world.ask('two')).receipt).toBe('queued');
    stored();
    expect(await receipt).toBe('duplicate');
    (await world.writing(1)).write('two').end();
    await world.reads(['Hello.', 'two']);
  });

  it('for a platform that is not served here is kept', async () => {
    await begin();
    const elsewhere = conversationId('other', 'c1');
    expect((await world.ask('one', elsewhere)).receipt).toBe('queued');
    expect(await world.store.unclaimed()).toEqual([{ conversation: elsewhere, attempts: 0 }]);
  });

  it('is stopped by an order that comes before its answer begins', async () => {
    const { stored, receipt } = await askSlowly('one');
    expect((await world.ask('stop')).receipt).toBe('stopping');
    stored();
    expect(await receipt).toBe('queued');
    await world.reads(['Hello.', '_Stopped._']);
    expect(world.model.answers).toHaveLength(1);
  });

  it('is known to its platform by the time a deletion that comes meanwhile is looked up', async () => {
    await begin();
    const { store } = world;
    const acceptAndClaim = store.acceptAndClaim.bind(store);
    let surfaces: Promise<number> | undefined;
    store.acceptAndClaim = (message, ...rest) => {
      const admitted = acceptAndClaim(message, ...rest);
      const withdrawn = world.inbox.withdraw(here, message.id);
      surfaces = withdrawn.then(() => world.platform.surfaces.size);
      return admitted;
    };
    await world.ask('one');
    expect(await surfaces).toBe(2);
    (await world.writing(1)).end();
  });

  it('is refused where it could not be stored, and answered at once when it comes again', async () => {
    const { store } = world;
    const acceptAndClaim = store.acceptAndClaim.bind(store);
    await begin();
    const question = world.message('one');
    store.acceptAndClaim = () => Promise.reject(away);
    for (let tries = 0; tries < 3; tries += 1) {
      await expect(world.inbox.receive(question)).rejects.toBe(away);
    }
    store.acceptAndClaim = acceptAndClaim;
    expect(await world.inbox.receive(question)).toBe('queued');
    (await world.writing(1)).write('Yes.').end();
    await world.reads(['Hello.', 'Yes.']);
    // No wait for a second try, which is for answers that failed.
    expect(world.log.events.map(({ event }) => event)).not.toContain('conversation interrupted');
  });
});

describe('a restart', () => {
  it('answers what was taken in and not begun', async () => {
    await world.ask('first');
    await world.writing(0);
    await world.ask('second');
    await world.restart();
    (await world.writing(0)).write('one').end();
    (await world.writing(1)).write('two').end();
    await world.reads(['one', 'two']);
  });

  it('goes on with a half answer in the same message', async () => {
    await world.ask('first');
    (await world.writing(0)).write('The old words, half of them');
    await world.shows('The old words, half of them');
    await world.restart();
    const again = await world.writing(0);
    again.write('New words.').end();
    await world.reads(['New words.']);
    expect([...world.platform.surfaces.values()][0]?.messages).toHaveLength(1);
  });

  it('keeps the text so far when the second try fails sooner', async () => {
    await world.ask('first');
    (await world.writing(0)).write('The old words, half of them');
    await world.shows('The old words, half of them');
    await world.restart();
    (await world.writing(0)).write('New').fail(new ModelFailed('cut', 'reset'));
    await world.reads([expect.stringMatching(/^The old words, half of them\n\n_The connection/)]);
  });

  it('that hands over costs no attempt, however often it happens', async () => {
    await world.ask('first');
    for (let restart = 0; restart < 5; restart += 1) {
      await world.writing(0);
      await world.restart();
    }
    (await world.writing(0)).write('at last').end();
    await world.reads(['at last']);
  });

  it('is told to the platform when it is left, and only then', async () => {
    await world.ask('first');
    await world.writing(0);
    const running = (await world.store.conversationView(here)).running?.id;
    await world.restart();
    (await world.writing(0)).write('at last').end();
    await world.reads(['at last']);
    await vi.waitFor(() => expect(world.platform.endings).toHaveLength(1));
    expect(world.platform.abandonedTurns).toEqual([running]);
  });

  it('waits for answers that end before the deadline', async () => {
    await world.ask('first');
    const writing = await world.writing(0);
    writing.write('one');
    const drained = world.dispatcher.drain(30_000);
    const claims = claimsOf(world.store);
    expect(await world.inbox.receive(world.message('second'))).toBe('queued');
    expect((await world.ask('third', there)).receipt).toBe('queued');
    writing.write(' more').end();
    await drained;
    for (const claim of claims) expect(claim).not.toHaveBeenCalled();
    expect(world.platform.replies).toEqual(['one more']);
    await world.store.close();
    world.model = new ScriptedModel();
    await world.start();
    await world.writing(1);
    const questions = world.model.answers.map(({ question }) => question).toSorted();
    expect(questions).toEqual(['second', 'third']);
  });

  it('ends at its deadline, also behind a stop whose last words cannot be shown', async () => {
    world.platform.onSurface = (surface) => {
      const at = performance.now();
      const told = { limit: 1, left: 0, at, resetsAt: at + 1e6 };
      surface.budgets = {
        post: [{ key: 'p', burst: 1, perSecond: 0.001 }],
        edit: [{ key: 'e', burst: 1, perSecond: 0.001, reported: told }],
        remove: [],
      };
    };
    await world.ask('one');
    const writing = await world.writing(0);
    for (const words of ['one', ' two', ' three']) {
      writing.write(words);
      await vi.waitFor(() => expect(world.platform.replies[0]).toBeTruthy());
    }
    await world.inbox.stop(here);
    await vi.waitFor(async () =>
      expect((await world.store.conversationView(here)).running?.ending?.outcome).toBe('stopped'),
    );
    await world.dispatcher.drain(50);
    expect(world.log.events.map(({ event }) => event)).toContain('turn handed over');
  });

  it('keeps of several tries only words that belong together', async () => {
    world.platform.onSurface = (surface) => (surface.pageLimit = 200);
    await world.ask('one');
    (await world.writing(0)).write('AAAA '.repeat(120));
    await vi.waitFor(() => expect(world.platform.replies[0]?.split('|')).toHaveLength(3));
    await world.restart();
    const surface = [...world.platform.surfaces.values()][0];
    if (surface !== undefined) surface.latencyMs = 200;
    (await world.writing(0)).write('BBBB '.repeat(125));
    await vi.waitFor(() => expect(world.platform.replies[0]).toMatch(/^BBBB/), { timeout: 5_000 });
    if (surface !== undefined) surface.latencyMs = 1;
    await world.restart();
    (await world.writing(0)).fail(new ModelFailed('cut', 'reset'));
    await world.reads([expect.stringMatching(/^[B |]+_The connection to the model was cut/)]);
  });

  it('stops a turn that somebody stopped before', async () => {
    await world.ask('first');
    (await world.writing(0)).write('The words so far');
    await world.shows('The words so far');
    await world.stop();
    const store = await openSqliteStore({ folder: world.folder, retentionMs: 1e12 });
    expect(await store.requestStop(here)).toBeTruthy();
    await store.close();
    world.model = new ScriptedModel();
    await world.start();
    await world.reads(['The words so far\n\n_Stopped._']);
    expect(world.model.answers).toEqual([]);
  });
});

describe('while an operator has turns paused', () => {
  const sentence =
    'I am paused at the moment. Your question is kept, and answered when I go on; after a long pause, ask again.';

  async function order(isPaused: boolean): Promise<void> {
    await world.store.setPausedSince(isPaused ? Date.now() : undefined);
    const heard = (): void => expect(world.dispatcher.isPaused).toBe(isPaused);
    await vi.waitFor(heard, { timeout: 5_000 });
  }

  it('whoever asks is told once that the question waits, and is answered after it', async () => {
    await order(true);
    const claims = claimsOf(world.store);
    const told: string[] = [];
    const question = world.message('Are you there?');
    const tell = (line: string): void => void told.push(line);
    await world.inbox.receive(question, tell);
    await world.inbox.receive(question, tell);
    await world.inbox.receive(world.message('Somebody said so.', here, { kind: 'context' }), tell);
    expect(told).toEqual([sentence]);
    expect(world.model.answers).toEqual([]);
    for (const claim of claims) expect(claim).not.toHaveBeenCalled();
    await order(false);
    (await world.writing(0)).write('Yes.').end();
    await world.reads(['Yes.']);
  });

  it('a question may grow too old, and its author is told to ask again', async () => {
    world.bounds = { ...world.bounds, maxQuestionAgeMs: 1 };
    await world.restart();
    await order(true);
    await world.ask('Are you there?', here, { sentAt: Date.now() - 10 });
    await order(false);
    await world.reads([expect.stringMatching(/I was away when you asked this .* Ask again/)]);
    expect(world.model.answers).toEqual([]);
  });
});

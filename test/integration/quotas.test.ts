import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { conversationId, type ConversationId } from '../../src/core/domain/conversation.ts';
import { type Core, createCore } from '../../src/core/create-core.ts';
import { MessageRefused, ModelFailed, StoreUnavailable } from '../../src/core/domain/errors.ts';
import type { Message } from '../../src/core/domain/message.ts';
import { noMetrics } from '../../src/core/ports/metrics.ts';
import type { Model } from '../../src/core/ports/model.ts';
import type { QuotaMeters, UsageBook, UsageRow } from '../../src/core/ports/usage.ts';
import type { Store } from '../../src/core/ports/store.ts';
import type { Quota } from '../../src/core/intake/quotas.ts';
import { EventLoopYield } from '../../src/core/timing.ts';
import { countTokens } from '../../src/core/turns/prompt.ts';
import { failover } from '../../src/models/failover.ts';
import { openSqliteStore } from '../../src/stores/sqlite/sqlite-store.ts';
import { overrideStore } from '../fakes/overridden-store.ts';
import { recordingLog } from '../fakes/recording-log.ts';
import { ScriptedModel } from '../fakes/scripted-model.ts';
import { FakePlatform } from '../fakes/fake-platform.ts';

const here = conversationId('fake', 'T1', 'c1');
const there = conversationId('fake', 'T1', 'c2');
const elsewhere = conversationId('fake', 'T2', 'c3');

/** The core on the real store, with quotas of an hour. */
class World {
  readonly folder = mkdtempSync(join(tmpdir(), 'parley-quotas-'));
  readonly platform = new FakePlatform();
  readonly log = recordingLog();
  readonly told: string[] = [];
  readonly quotas: readonly Quota[];
  /** Puts something in front of the store's own. */
  wrapStore: (store: Store) => Store = (store) => store;
  wrapMeters: (meters: QuotaMeters) => QuotaMeters = (meters) => meters;
  wrapUsage: (usage: UsageBook) => UsageBook = (usage) => usage;
  readonly scripted = new ScriptedModel();
  /** Another one may stand before it. */
  model: Model = this.scripted;
  usage!: UsageBook;
  core!: Core;
  #store!: Store;
  #ids = 0;

  constructor(...quotas: Quota[]) {
    this.quotas = quotas;
    this.scripted.onRequest = (writing) => writing.write(`re: ${writing.question}`).end();
  }

  static async start(...quotas: Quota[]): Promise<World> {
    const world = new World(...quotas);
    onTestFinished(() => world.end());
    await world.open();
    return world;
  }

  async open(): Promise<void> {
    const opened = await openSqliteStore({ folder: this.folder, retentionMs: 1e12 });
    this.usage = this.wrapUsage(opened.usage);
    this.#store = this.wrapStore(opened);
    const meters = this.wrapMeters(opened.meters);
    this.core = createCore({
      store: this.#store,
      model: this.model,
      platforms: [this.platform],
      instructions: () => 'Be brief.',
      limits: {
        maxAttempts: 3,
        maxTurnMs: 60_000,
        maxReplyChars: 50_000,
        maxQuestionAgeMs: 3_600_000,
        historyTokens: 1_000,
      },
      concurrency: 10,
      lease: { owner: 'test', leaseMs: 30_000 },
      quotas:
        this.quotas.length === 0 ? undefined : { meters, quotas: this.quotas, windowMs: 3_600_000 },
      usage: this.usage,
      log: this.log,
    });
    this.core.dispatcher.start();
  }

  async close(): Promise<void> {
    await this.core.dispatcher.drain(5_000);
    await this.#store.close();
  }

  async end(): Promise<void> {
    await this.close();
    rmSync(this.folder, { recursive: true });
  }

  message(conversation: ConversationId = here, more: Partial<Message> = {}): Message {
    this.#ids += 1;
    const id = `m${this.#ids}`;
    const sentAt = Date.now() + this.#ids;
    return { id, conversation, author: { id: 'ana' }, text: id, sentAt, kind: 'question', ...more };
  }

  /** What became of a message: its receipt, or why it was refused. */
  async receive(message: Message): Promise<string> {
    try {
      return await this.core.inbox.receive(message, (sentence) => this.told.push(sentence));
    } catch (error) {
      if (error instanceof MessageRefused) return `${error.reason}: ${error.message}`;
      throw error;
    }
  }

  ask(conversation?: ConversationId, more?: Partial<Message>): Promise<string> {
    return this.receive(this.message(conversation, more));
  }

  /** Resolves once so many turns are over, and nothing is under way. */
  turns(count: number): Promise<void> {
    return vi.waitFor(
      () => {
        expect(this.platform.endings).toHaveLength(count);
        expect(this.core.dispatcher.running).toBe(0);
      },
      { timeout: 10_000 },
    );
  }

  /** What was used so far, once it is written down. */
  async rows(): Promise<UsageRow[]> {
    await this.core.dispatcher.drain(0);
    return this.usage.read('2000-01-01');
  }

  logged(event: string): number {
    return this.log.events.filter((one) => one.event === event).length;
  }
}

describe('a quota', () => {
  it('is spent by questions alone, and refuses the next one until a restart and after it', async () => {
    const world = await World.start({ scope: 'person', unit: 'questions', most: 2 });
    const first = world.message();
    expect(await world.receive(first)).toBe('queued');
    expect(await world.receive(first)).toBe('duplicate');
    await world.turns(1);
    expect(await world.ask(here, { kind: 'context' })).toBe('kept');
    expect(await world.ask(there)).toBe('queued');
    await world.turns(2);
    expect(world.told).toEqual([
      'Your quota of 2 questions is used up with this one; it renews in an hour.',
    ]);
    const spent = 'spent: Your quota of 2 questions is used up; it renews in an hour.';
    expect(await world.ask()).toBe(spent);
    expect(await world.ask(elsewhere)).toBe(spent);
    // Others have theirs, and what is no question needs none.
    expect(await world.ask(here, { author: { id: 'ben' } })).toBe('queued');
    expect(await world.ask(here, { kind: 'context' })).toBe('kept');
    await world.turns(3);
    await world.close();
    await world.open();
    expect(await world.ask()).toBe(spent);
    expect(world.platform.endings).toHaveLength(3);
  });

  it('lets what it knows already be a duplicate, wherever that is, and a stop be a stop', async () => {
    const world = await World.start({ scope: 'person', unit: 'questions', most: 3 });
    const [answered, running, queued] = [
      world.message(),
      world.message(there),
      world.message(there),
    ];
    await world.receive(answered);
    await world.turns(1);
    world.scripted.onRequest = (writing) => writing.write('Going');
    await world.receive(running);
    await vi.waitFor(() => expect(world.scripted.answers).toHaveLength(2));
    await world.receive(queued);
    expect(await world.ask()).toContain('spent');
    for (const known of [answered, running, queued]) {
      expect(await world.receive(known)).toBe('duplicate');
    }
    world.scripted.onRequest = (writing) => writing.write('Then').end();
    expect(await world.ask(there, { text: 'stop' })).toBe('stopping');
    await world.turns(3);
    expect(world.platform.replies.slice(1)).toEqual(['Going\n\n_Stopped._', 'Then']);
  });

  it('refuses a question once, though it is heard again', async () => {
    const world = await World.start({ scope: 'person', unit: 'questions', most: 1 });
    await world.ask();
    await world.turns(1);
    const refused = world.message();
    expect(await world.receive(refused)).toContain('spent');
    // As a platform does with what was refused.
    await world.core.inbox.withdraw(refused.conversation, refused.id);
    expect(await world.receive(refused)).toBe('duplicate');
  });

  it('costs nothing to begin anew, and needs none', async () => {
    const world = await World.start({ scope: 'person', unit: 'questions', most: 1 });
    expect(await world.ask(here, { text: 'New!' })).toBe('queued');
    await world.turns(1);
    expect(await world.ask()).toBe('queued');
    await world.turns(2);
    expect(await world.ask(here, { text: 'new' })).toBe('queued');
    await world.turns(3);
    expect(world.platform.replies.at(-1)).toContain('left behind');
  });

  it('of a workspace is everybody’s in it', async () => {
    const world = await World.start({ scope: 'workspace', unit: 'questions', most: 2 });
    await world.ask(here);
    await world.ask(there, { author: { id: 'ben' } });
    expect(world.told).toEqual([expect.stringContaining('This workspace’s quota of 2 questions')]);
    expect(await world.ask(here, { author: { id: 'cem' } })).toContain('spent: This workspace’s');
    expect(await world.ask(elsewhere, { author: { id: 'cem' } })).toBe('queued');
    await world.turns(3);
  });

  it('of tokens is charged to who asked last, after the turn, and never cuts an answer', async () => {
    // The model reports 3 tokens a turn.
    const world = await World.start(
      { scope: 'person', unit: 'tokens', most: 15 },
      { scope: 'workspace', unit: 'tokens', most: 16 },
    );
    for (let turn = 1; turn <= 4; turn += 1) {
      expect(await world.ask()).toBe('queued');
      await world.turns(turn);
    }
    expect(world.told).toEqual([]);
    // 12 of 15 are spent: a fifth is left.
    expect(await world.ask()).toBe('queued');
    await world.turns(5);
    expect(world.told).toEqual(['Your quota of 15 tokens has 3 left; it renews in an hour.']);
    expect(await world.ask()).toContain('spent: Your quota of 15 tokens');
    expect(await world.ask(there, { author: { id: 'ben' } })).toBe('queued');
    await world.turns(6);
    expect(world.told.slice(1)).toEqual([
      'This workspace’s quota of 16 tokens has 1 left; it renews in an hour.',
    ]);
    expect(await world.ask(there, { author: { id: 'ben' } })).toContain('spent: This workspace’s');
  });

  it('is charged once, though the end of the turn had to be repeated', async () => {
    const world = new World({ scope: 'person', unit: 'tokens', most: 6 });
    onTestFinished(() => world.end());
    let lost = 0;
    world.wrapStore = overrideStore((store) => ({
      async finish(...inputs) {
        const next = await store.finish(...inputs);
        lost += 1;
        if (lost <= 2) throw new StoreUnavailable('away', 'its answer was lost');
        return next;
      },
    }));
    await world.open();
    await world.ask();
    await world.turns(1);
    expect(lost).toBe(3);
    expect(await world.ask()).toBe('queued');
    await world.turns(2);
    expect(await world.ask()).toContain('spent');
    expect((await world.rows()).map(({ questions, answers }) => [questions, answers])).toEqual([
      [2, 2],
    ]);
  });

  it('that cannot be looked at, counted or written down keeps no answer back', async () => {
    const world = new World(
      { scope: 'person', unit: 'questions', most: 1 },
      { scope: 'person', unit: 'tokens', most: 1 },
    );
    onTestFinished(() => world.end());
    const away = () => Promise.reject(new StoreUnavailable('away', 'the test says so'));
    world.wrapMeters = () => ({ read: away, add: away });
    world.wrapUsage = (usage) => ({ record: away, read: (day) => usage.read(day) });
    await world.open();
    for (let turn = 1; turn <= 2; turn += 1) {
      expect(await world.ask()).toBe('queued');
      await world.turns(turn);
    }
    expect(await world.rows()).toEqual([]);
    expect(world.platform.replies).toEqual(['re: m1', 're: m2']);
    for (const event of ['quotas not looked at', 'tokens not charged', 'usage not noted']) {
      expect(world.logged(event), event).toBe(2);
    }
  });

  it('asks nothing where none is set', async () => {
    const world = new World();
    onTestFinished(() => world.end());
    world.wrapStore = (store) => {
      const view = vi.spyOn(store, 'conversationView');
      onTestFinished(() => expect(view).not.toHaveBeenCalled());
      return store;
    };
    await world.open();
    expect(await world.ask()).toBe('queued');
    await world.turns(1);
  });
});

describe('usage', () => {
  it('is written down for each turn, as the model reports it, or as it is counted here', async () => {
    const world = await World.start();
    const row = {
      day: new Date().toISOString().slice(0, 10),
      platform: 'fake',
      workspace: 'fake:T1',
      person: 'fake:ana',
      model: 'scripted',
      questions: 1,
      answers: 1,
      inputTokens: 1,
      outputTokens: 2,
      countedTokens: 0,
    };
    await world.ask();
    await world.turns(1);
    // Nothing was read for an order, or for an answer that failed before its first word.
    await world.ask(here, { text: 'new', author: { id: 'new' } });
    await world.turns(2);
    world.scripted.onRequest = (writing) =>
      writing.fail(new ModelFailed('unreachable', 'no network'));
    await world.ask(here, { author: { id: 'failed', name: ' Fay\n' } });
    await world.turns(3);
    // One that is stopped reports nothing.
    const past =
      (await countTokens('Be brief.', new EventLoopYield())) +
      (await countTokens('two words', new EventLoopYield()));
    world.scripted.onRequest = (writing) => writing.write('Going on');
    await world.ask(elsewhere, { text: 'two words', author: { id: 'stopped' } });
    await vi.waitFor(() => expect(world.platform.replies.at(-1)).toBe('Going on'));
    await world.ask(elsewhere, { text: 'stop' });
    await world.turns(4);
    // Several questions in one turn are the last one's.
    world.scripted.onRequest = (writing) => writing.write('First');
    await world.ask(there, { author: { id: 'ben' } });
    await vi.waitFor(() => expect(world.platform.replies.at(-1)).toBe('First'));
    world.scripted.onRequest = (writing) => writing.write('Then').end();
    await world.ask(there, { author: { id: 'cem' } });
    await world.ask(there, { author: { id: 'dan' } });
    world.scripted.answers.at(-1)!.end();
    await world.turns(6);

    const nothing = { answers: 0, inputTokens: 0, outputTokens: 0 };
    const counted = {
      inputTokens: past,
      outputTokens: await countTokens('Going on', new EventLoopYield()),
    };
    const rows = await world.rows();
    expect(rows).toHaveLength(6);
    for (const expected of [
      row,
      { ...row, ...nothing, person: 'fake:new' },
      { ...row, ...nothing, person: 'fake:failed', name: 'Fay' },
      {
        ...row,
        ...counted,
        workspace: 'fake:T2',
        person: 'fake:stopped',
        answers: 0,
        countedTokens: counted.inputTokens + counted.outputTokens,
      },
      { ...row, person: 'fake:ben' },
      { ...row, person: 'fake:dan', questions: 2 },
    ]) {
      expect(rows).toContainEqual(expected);
    }
  });

  it('is that of the model that wrote, also where its answer was stopped', async () => {
    const world = new World();
    onTestFinished(() => world.end());
    const models: readonly Model[] = [
      {
        name: 'first',
        // oxlint-disable-next-line require-yield -- it fails before its first text
        async *stream() {
          throw new ModelFailed('overloaded', 'too busy');
        },
      },
      { name: 'second', stream: (request) => world.scripted.stream(request) },
    ];
    world.model = failover(models, { log: world.log, metrics: noMetrics });
    world.scripted.onRequest = (writing) => writing.write('Going on');
    await world.open();
    await world.ask();
    await vi.waitFor(() => expect(world.platform.replies.at(-1)).toBe('Going on'));
    await world.ask(here, { text: 'stop' });
    await world.turns(1);
    expect(await world.rows()).toMatchObject([{ model: 'second', outputTokens: 2 }]);
  });

  it('is counted here where what the model reports is no count', async () => {
    const world = await World.start({ scope: 'person', unit: 'tokens', most: 1_000 });
    const { model } = world;
    world.model = {
      name: 'odd',
      async *stream(request) {
        for await (const event of model.stream(request)) {
          if (event.type === 'delta') yield event;
          else yield { ...event, usage: { inputTokens: -5.5, outputTokens: Number.NaN } };
        }
      },
    };
    await world.close();
    await world.open();
    await world.ask(here, { text: 'two words' });
    await world.turns(1);
    const written = await countTokens('re: two words', new EventLoopYield());
    const read =
      (await countTokens('Be brief.', new EventLoopYield())) +
      (await countTokens('two words', new EventLoopYield()));
    expect(await world.rows()).toMatchObject([
      { inputTokens: read, outputTokens: written, countedTokens: read + written },
    ]);
    expect(world.logged('tokens not charged') + world.logged('usage not noted')).toBe(0);
  });

  it('is written down before the store is let go', async () => {
    const world = new World();
    onTestFinished(() => world.end());
    const writing = Promise.withResolvers<void>();
    const steps: string[] = [];
    world.wrapUsage = (usage) => ({
      async record(row) {
        await writing.promise;
        await usage.record(row);
        steps.push('written');
      },
      read: (day) => usage.read(day),
    });
    await world.open();
    await world.ask();
    await world.turns(1);
    const drained = world.core.dispatcher.drain(0).then(() => steps.push('drained'));
    await new Promise((resolve) => setImmediate(resolve));
    writing.resolve();
    await drained;
    expect(steps).toEqual(['written', 'drained']);
  });
});

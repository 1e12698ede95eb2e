import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import type { Meter, QuotaMeters, UsageBook, UsageRow } from '../../../src/core/ports/usage.ts';
import type { Secrets, Store } from '../../../src/core/ports/store.ts';
import { eventually } from '../store/store-fixture.ts';

/** A store that counts, as both do. */
type CountingStore = Store & {
  readonly meters: QuotaMeters;
  readonly usage: UsageBook;
  readonly secrets: Secrets;
};

/** A store of one test's own. */
export interface OpenedQuotas {
  readonly store: CountingStore;
  /** What another process finds there: at the same time, where it can, or after a restart. */
  again(): Promise<CountingStore>;
  dispose(): Promise<void>;
}

const minuteMs = 60_000;

/** The contract of quota meters and the usage book, run by every store. */
export function quotasContract(name: string, open: () => Promise<OpenedQuotas>): void {
  let opened: OpenedQuotas | undefined;
  afterEach(async () => {
    await opened?.dispose();
    opened = undefined;
  });
  const start = async (): Promise<CountingStore> => (opened = await open()).store;

  describe(`${name}: meters`, () => {
    it('count for each by itself, in the order in which they are asked', async () => {
      const { meters } = await start();
      const id = `test:${randomUUID()}`;
      const all: Meter[] = [
        { scope: 'person', id, unit: 'questions' },
        { scope: 'person', id, unit: 'tokens' },
        { scope: 'person', id, unit: 'told' },
        { scope: 'workspace', id, unit: 'questions' },
        { scope: 'person', id: `${id}:U1`, unit: 'questions' },
      ];
      const nothing = { used: 0, renewsInMs: 0 };
      expect(await meters.read(all)).toEqual(all.map(() => nothing));
      const counts = all.map((meter, i) => ({ meter, amount: i + 1, windowMs: minuteMs }));
      expect((await meters.add(counts)).map(({ used }) => used)).toEqual([1, 2, 3, 4, 5]);
      expect((await meters.read(all.toReversed())).map(({ used }) => used)).toEqual([
        5, 4, 3, 2, 1,
      ]);
      expect(await meters.read([])).toEqual([]);
      expect(await meters.add([])).toEqual([]);
    });

    it('keep the window that the first count began, however much comes then', async () => {
      const { meters } = await start();
      const meter = meterOf();
      const [first] = await meters.add([{ meter, amount: 1, windowMs: minuteMs }]);
      expect(first!.used).toBe(1);
      expect(first!.renewsInMs).toBeGreaterThan(minuteMs / 2);
      expect(first!.renewsInMs).toBeLessThanOrEqual(minuteMs);
      const most = 1_000_000_000_000;
      const [then] = await meters.add([{ meter, amount: most, windowMs: 60 * minuteMs }]);
      expect(then!.used).toBe(most + 1);
      expect(then!.renewsInMs).toBeLessThanOrEqual(minuteMs);
      expect(then!.renewsInMs).toBeGreaterThan(0);
    });

    it('are empty when their window is over, and begin another one', async () => {
      const { meters } = await start();
      const meter = meterOf();
      await meters.add([{ meter, amount: 7, windowMs: 500 }]);
      await eventually(async () => expect((await meters.read([meter]))[0]!.used).toBe(0));
      const [again] = await meters.add([{ meter, amount: 2, windowMs: minuteMs }]);
      expect(again!.used).toBe(2);
      expect(again!.renewsInMs).toBeGreaterThan(minuteMs / 2);
    });

    it('lose no count of many at once, and tell each how it stood', async () => {
      const { meters } = await start();
      const meter = meterOf();
      const count = { meter, amount: 1, windowMs: minuteMs };
      const stood = await Promise.all(Array.from({ length: 50 }, () => meters.add([count])));
      const used = stood.flat().map((reading) => reading.used);
      expect(used.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
    });

    it('are the same for another process', async () => {
      const { meters } = await start();
      const meter = meterOf();
      await meters.add([{ meter, amount: 3, windowMs: minuteMs }]);
      const other = await opened!.again();
      expect(await other.meters.read([meter])).toEqual([
        { used: 3, renewsInMs: expect.any(Number) as number },
      ]);
      expect((await other.meters.add([{ meter, amount: 1, windowMs: minuteMs }]))[0]!.used).toBe(4);
    });
  });

  describe(`${name}: usage`, () => {
    it('is added up by day, person, workspace and model', async () => {
      const { usage } = await start();
      const row = rowOf();
      const others = [
        { ...row, day: dayBefore(2), questions: 9 },
        { ...row, person: 'test:U2', answers: 0 },
        { ...row, workspace: '' },
        { ...row, model: 'a "model": 1\n2 [x] ☂' },
      ];
      for (const each of [row, ...others, row]) await usage.record(each);
      const sum = { ...row, questions: 4, answers: 2, inputTokens: 20, outputTokens: 10 };
      const all = [{ ...sum, countedTokens: 8 }, ...others];
      expect(sorted(await usage.read(dayBefore(2)))).toEqual(sorted(all));
      expect(sorted(await usage.read(dayBefore(1)))).toEqual(
        sorted(all.filter(({ day }) => day === row.day)),
      );
      expect(sorted(await (await opened!.again()).usage.read(row.day))).toHaveLength(4);
    });

    it('is empty at first, and counts nothing for nothing', async () => {
      const { usage } = await start();
      expect(await usage.read(dayBefore(3_659))).toEqual([]);
    });
  });

  it(`${name}: knows what people were called last on a day`, async () => {
    const { usage } = await start();
    const [row, other] = [rowOf(), { ...rowOf(), person: 'test:T1:U2' }];
    await usage.record({ ...row, name: 'Ann' });
    await usage.record({ ...row, name: 'Anna 😀' });
    await usage.record(row);
    await usage.record({ ...row, day: dayBefore(1), name: 'Old' });
    await usage.record(other);
    const names = sorted(await usage.read(dayBefore(2))).map((each) => [each.person, each.name]);
    expect(names).toEqual([
      [row.person, 'Old'],
      [row.person, 'Anna 😀'],
      [other.person, undefined],
    ]);
  });

  it(`${name}: forgets who used something, but not that it was used`, async () => {
    const store = await start();
    const row = rowOf();
    const other = { ...row, person: 'test:T1:U12' };
    const units = ['questions', 'tokens', 'told'] as const;
    const theirs = units.map((unit) => ({ scope: 'person' as const, id: row.person, unit }));
    const rest: Meter[] = [
      { scope: 'person', id: other.person, unit: 'questions' },
      { scope: 'workspace', id: row.workspace, unit: 'questions' },
    ];
    for (const meter of [...theirs, ...rest]) {
      await store.meters.add([{ meter, amount: 1, windowMs: minuteMs }]);
    }
    const before = { ...row, day: dayBefore(400) };
    for (const each of [row, before, other]) await store.usage.record({ ...each, name: 'Ann' });
    await store.usage.record({ ...row, person: 'test:T1:U3' });
    for (const author of ['T1:U3', 'T1:U1']) await store.forgetPerson('test', author);
    const used = await store.meters.read([...theirs, ...rest]);
    expect(used.map((reading) => reading.used)).toEqual([0, 0, 0, 1, 1]);
    const nobody = { ...row, person: 'test:(forgotten)' };
    const twice = { questions: 4, answers: 2, inputTokens: 20, outputTokens: 10, countedTokens: 8 };
    const left = sorted(await store.usage.read(dayBefore(500)));
    expect(left).toEqual([
      { ...nobody, day: before.day },
      { ...nobody, ...twice },
      { ...other, name: 'Ann' },
    ]);
  });
}

function meterOf(): Meter {
  return { scope: 'person', id: `test:${randomUUID()}`, unit: 'questions' };
}

function rowOf(): UsageRow {
  return {
    day: dayBefore(0),
    platform: 'test',
    workspace: 'test:T1',
    person: 'test:T1:U1',
    model: 'gpt-5-mini',
    questions: 2,
    answers: 1,
    inputTokens: 10,
    outputTokens: 5,
    countedTokens: 4,
  };
}

function dayBefore(days: number): string {
  return new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10);
}

function sorted(rows: readonly UsageRow[]): UsageRow[] {
  const keyOf = (row: UsageRow): string =>
    JSON.stringify([row.day, row.workspace, row.person, row.model]);
  return rows.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

import { describe, expect, it, vi } from 'vitest';
import { conversationId } from '../../../../src/core/domain/conversation.ts';
import { StoreUnavailable } from '../../../../src/core/domain/errors.ts';
import { quotaSubjectsOf, type Quota, Quotas } from '../../../../src/core/intake/quotas.ts';
import type {
  MeterCount,
  Meter,
  QuotaMeters,
  MeterReading,
} from '../../../../src/core/ports/usage.ts';
import { userTexts } from '../../../../src/core/domain/user-texts.ts';
import { recordingLog } from '../../../fakes/recording-log.ts';

const hourMs = 3_600_000;
const ann = { platform: 'test', person: 'test:U1', workspace: 'test:T1' };

/** Meters in memory, whose windows last as long as a test. */
class FakeMeters implements QuotaMeters {
  readonly used = new Map<string, number>();
  readonly renewsInMs = new Map<string, number>();
  asked = 0;
  failure: (() => Promise<never>) | undefined;

  async read(meters: readonly Meter[]): Promise<MeterReading[]> {
    this.asked += 1;
    await this.failure?.();
    return meters.map((meter) => this.#reading(keyOf(meter)));
  }

  async add(counts: readonly MeterCount[]): Promise<MeterReading[]> {
    this.asked += 1;
    await this.failure?.();
    return counts.map(({ meter, amount, windowMs }) => {
      const key = keyOf(meter);
      if (!this.used.has(key)) this.renewsInMs.set(key, windowMs);
      this.used.set(key, (this.used.get(key) ?? 0) + amount);
      return this.#reading(key);
    });
  }

  #reading(key: string): MeterReading {
    return { used: this.used.get(key) ?? 0, renewsInMs: this.renewsInMs.get(key) ?? 0 };
  }
}

function keyOf({ scope, id, unit }: Meter): string {
  return `${scope} ${id} ${unit}`;
}

function limited(quotas: readonly Quota[], log = recordingLog()) {
  const meters = new FakeMeters();
  return { meters, log, quotas: new Quotas({ meters, quotas, windowMs: hourMs, log }) };
}

/** Asks until it is refused; what the author was told at each question. */
async function askOn(quotas: Quotas, most: number): Promise<string[]> {
  const told: string[] = [];
  for (let asked = 0; asked < most; asked += 1) {
    const notices: string[] = [];
    const allowance = await quotas.check(ann);
    if (allowance?.refusal !== undefined) return [...told, allowance.refusal];
    await allowance?.count((sentence) => notices.push(sentence));
    told.push(notices.join(' | '));
  }
  return told;
}

describe('a quota of questions', () => {
  it.each([
    [1, ['used up with this one', 'is used up;']],
    [3, ['', '', 'used up with this one', 'is used up;']],
    [5, ['', '', '', 'has 1 left', 'used up with this one', 'is used up;']],
    [11, [...Array<string>(8).fill(''), 'has 2 left', '', 'with this one', 'is used up;']],
  ])(
    'of %i tells its author at the first fifth that is left and at the last',
    async (most, told) => {
      const { quotas } = limited([{ scope: 'person', unit: 'questions', most }]);
      const heard = await askOn(quotas, 20);
      expect(heard).toEqual(told.map((part) => (part === '' ? '' : expect.stringContaining(part))));
    },
  );

  it('tells of the one that renews last when several are spent', async () => {
    const { quotas, meters } = limited([
      { scope: 'person', unit: 'questions', most: 1 },
      { scope: 'workspace', unit: 'questions', most: 1 },
    ]);
    meters.used.set('workspace test:T1 questions', 0);
    meters.renewsInMs.set('workspace test:T1 questions', 2 * hourMs);
    expect(await askOn(quotas, 3)).toEqual([
      expect.stringContaining('Your quota'),
      'This workspace’s quota of 1 question is used up; it renews in 2 hours.',
    ]);
  });

  it('counts nobody’s workspace where there is none', async () => {
    const { quotas, meters } = limited([{ scope: 'workspace', unit: 'questions', most: 1 }]);
    const direct = { platform: 'test', person: 'test:U1' };
    expect(await quotas.check(direct)).toBeUndefined();
    await quotas.chargeTokens(direct, 5);
    expect(meters.asked).toBe(0);
  });
});

describe('a quota of tokens', () => {
  const most = 1_000;
  const perPerson: Quota[] = [{ scope: 'person', unit: 'tokens', most }];

  it('is told of once when a fifth is left, and may be overdrawn', async () => {
    const { quotas, meters } = limited(perPerson);
    expect(await askOn(quotas, 2)).toEqual(['', '']);
    expect(meters.used.size).toBe(0);
    await quotas.chargeTokens(ann, 799);
    expect(await askOn(quotas, 1)).toEqual(['']);
    await quotas.chargeTokens(ann, 1);
    // Nobody hears it: it is told when somebody does.
    await (await quotas.check(ann))?.count();
    expect(await askOn(quotas, 3)).toEqual([
      'Your quota of 1,000 tokens has 200 left; it renews in an hour.',
      '',
      '',
    ]);
    await quotas.chargeTokens(ann, 5_000);
    expect(await askOn(quotas, 1)).toEqual([
      'Your quota of 1,000 tokens is used up; it renews in an hour.',
    ]);
  });

  it('asks nothing for an answer that cost none, or where only questions are limited', async () => {
    const { quotas, meters } = limited(perPerson);
    await quotas.chargeTokens(ann, 0);
    const other = limited([{ scope: 'person', unit: 'questions', most }]);
    await other.quotas.chargeTokens(ann, 10);
    expect([meters.asked, other.meters.asked]).toEqual([0, 0]);
  });
});

describe('meters that are away', () => {
  it('keep nothing back, and are logged', async () => {
    const { quotas, meters, log } = limited([
      { scope: 'person', unit: 'questions', most: 1 },
      { scope: 'person', unit: 'tokens', most: 1 },
    ]);
    const allowance = await quotas.check(ann);
    meters.failure = () => Promise.reject(new StoreUnavailable('away', 'the test says so'));
    expect(await quotas.check(ann)).toBeUndefined();
    await allowance?.count();
    await quotas.chargeTokens(ann, 5);
    expect(log.events.map(({ level, event }) => [level, event])).toEqual([
      ['warn', 'quotas not looked at'],
      ['warn', 'question not counted'],
      ['warn', 'tokens not charged'],
    ]);
  });

  it('are waited for no longer than a second', async () => {
    vi.useFakeTimers();
    try {
      const { quotas, meters } = limited([{ scope: 'person', unit: 'questions', most: 1 }]);
      meters.failure = () => new Promise<never>(() => undefined);
      const look = quotas.check(ann);
      await vi.advanceTimersByTimeAsync(1_000);
      expect(await look).toBeUndefined();
    } finally {
      vi.useRealTimers();
    }
  });
});

it('of the page as a whole is everybody’s there', async () => {
  const { quotas, meters } = limited([{ scope: 'workspace', unit: 'questions', most: 300 }]);
  meters.used.set('workspace web questions', 300);
  const payers = quotaSubjectsOf(conversationId('web', 'a new cookie', 'c-1'), 'a new cookie');
  expect((await quotas.check(payers))?.refusal).toMatch(
    /^Everybody’s quota of 300 questions is used up; it renews in /,
  );
});

describe('who pays', () => {
  it.each([
    [['slack', 'T1', 'C1', '1.1'], 'T1:U1', 'slack:T1:U1', 'slack:T1'],
    [['slack', 'T1', 'D1'], 'T1:U1', 'slack:T1:U1', 'slack:T1'],
    [['discord', '7', '8', '9'], '42', 'discord:42', 'discord:7'],
    [['discord', '@me', '8'], '42', 'discord:42', undefined],
    [['web', 'abc', 'c-1'], 'abc', 'web:abc', 'web'],
  ])('%j by %s', ([platform = '', ...ids], author, person, workspace) => {
    const payers = quotaSubjectsOf(conversationId(platform, ...ids), author);
    expect(payers).toEqual({ platform, person, ...(workspace === undefined ? {} : { workspace }) });
  });
});

it.each([
  [0, 'a minute'],
  [60_000, 'a minute'],
  [60_001, '2 minutes'],
  [59 * 60_000, '59 minutes'],
  [59 * 60_000 + 1, 'an hour'],
  [hourMs + 1, '2 hours'],
  [47 * hourMs + 1, '48 hours'],
  [48 * hourMs + 1, '3 days'],
  [744 * hourMs, '31 days'],
])('nobody is told to come back too early: %i ms are %s', (renewsInMs, time) => {
  const quota = { scope: 'person', unit: 'questions', most: 2_000, renewsInMs } as const;
  expect(userTexts.quotaUsedUp(quota)).toBe(
    `Your quota of 2,000 questions is used up; it renews in ${time}.`,
  );
});

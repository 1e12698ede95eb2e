import { describe, expect, it } from 'vitest';
import { UsageError, type CommandArguments } from '../../../src/commands/command.ts';
import { usageReport, parseUsageRequest } from '../../../src/commands/usage-report.ts';
import type { UsageRow } from '../../../src/core/ports/usage.ts';

const now = Date.parse('2026-11-22T23:00:00Z');

function typed(values: Record<string, string | true> = {}, words: string[] = []): CommandArguments {
  return {
    words,
    has: (name) => values[name] === true,
    valueOf: (name) => {
      const value = values[name];
      return typeof value === 'string' ? value : undefined;
    },
  };
}

function row(more: Partial<UsageRow>): UsageRow {
  return {
    day: '2026-11-20',
    platform: 'slack',
    workspace: 'slack:T1',
    person: 'slack:T1:U1',
    model: 'gpt-5-mini',
    questions: 2,
    answers: 1,
    inputTokens: 1_000,
    outputTokens: 500,
    countedTokens: 0,
    ...more,
  };
}

async function report(
  rows: readonly UsageRow[],
  ...options: Parameters<typeof typed>
): Promise<string> {
  const read = (fromDay: string) => Promise.resolve(rows.filter(({ day }) => day >= fromDay));
  return usageReport({ read }, parseUsageRequest(typed(...options)), now);
}

const rows = [
  row({}),
  row({ day: '2026-11-21', model: 'big' }),
  row({ person: 'slack:T1:U2', questions: 1_000, inputTokens: 1_234_567, countedTokens: 12_345 }),
  row({ platform: 'discord', workspace: '', person: 'discord:42', inputTokens: 1 }),
];

describe('the report of usage', () => {
  it('shows all three views, whoever used most first, with totals', async () => {
    expect((await report(rows)).split('\n')).toEqual([
      'Usage from 2026-10-24 to 2026-11-22 (UTC)',
      '',
      'PERSON       QUESTIONS  ANSWERS  TOKENS IN  TOKENS OUT     TOKENS',
      'slack:T1:U2      1,000        1  1,234,567         500  1,235,067',
      'slack:T1:U1          4        2      2,000       1,000      3,000',
      'discord:42           2        1          1         500        501',
      'Total            1,006        4  1,236,568       2,000  1,238,568',
      '',
      'WORKSPACE                  QUESTIONS  ANSWERS  TOKENS IN  TOKENS OUT     TOKENS',
      'slack:T1                       1,004        3  1,236,567       1,500  1,238,067',
      'discord (direct messages)          2        1          1         500        501',
      'Total                          1,006        4  1,236,568       2,000  1,238,568',
      '',
      'MODEL       QUESTIONS  ANSWERS  TOKENS IN  TOKENS OUT     TOKENS',
      'gpt-5-mini      1,004        3  1,235,568       1,500  1,237,068',
      'big                 2        1      1,000         500      1,500',
      'Total           1,006        4  1,236,568       2,000  1,238,568',
      '',
      '12,345 of these tokens were counted by Parley, as the model did not report them.',
    ]);
  });

  it('shows what people are called where that is known, latest name first, beside their ids', async () => {
    const some = [
      row({ name: 'Ann' }),
      row({ name: 'Anna B.', day: '2026-11-21' }),
      row({ day: '2026-11-22' }),
      row({ person: 'web:0123456789abcdef0123456789abcdef', platform: 'web', questions: 1 }),
    ];
    const text = await report(some, { by: 'person' });
    expect(text.split('\n').slice(2, 6)).toEqual([
      'PERSON                                NAME     QUESTIONS  ANSWERS  TOKENS IN  TOKENS OUT  TOKENS',
      'slack:T1:U1                           Anna B.          6        3      3,000       1,500   4,500',
      'web:0123456789abcdef0123456789abcdef                   1        1      1,000         500   1,500',
      'Total                                                  7        4      4,000       2,000   6,000',
    ]);
    expect(await report(some, { by: 'model' })).not.toContain('NAME');
    const json = JSON.parse(await report(some, { json: true, by: 'person' })) as {
      person: { id: string; name?: string }[];
    };
    expect(json.person.map(({ id, name }) => [id, name])).toEqual([
      ['slack:T1:U1', 'Anna B.'],
      ['web:0123456789abcdef0123456789abcdef', undefined],
    ]);
  });

  it('shows one view, of as many days as are wanted', async () => {
    const text = await report(rows, { by: 'model', days: '2' });
    expect(text.split('\n').slice(0, 4)).toEqual([
      'Usage from 2026-11-21 to 2026-11-22 (UTC)',
      '',
      'MODEL  QUESTIONS  ANSWERS  TOKENS IN  TOKENS OUT  TOKENS',
      'big            2        1      1,000         500   1,500',
    ]);
    expect(text).not.toContain('PERSON');
  });

  it('says so when there is none yet', async () => {
    expect(await report([])).toBe('No usage yet, from 2026-10-24 to 2026-11-22 (UTC).');
    const json = JSON.parse(await report([], { json: true })) as unknown;
    expect(json).toMatchObject({ person: [], workspace: [], model: [], total: { questions: 0 } });
  });

  it('tells a machine the same', async () => {
    const json = JSON.parse(await report(rows, { json: true, by: 'person' })) as unknown;
    expect(json).toEqual({
      from: '2026-10-24',
      to: '2026-11-22',
      person: [
        expect.objectContaining({ id: 'slack:T1:U2', questions: 1_000, countedTokens: 12_345 }),
        expect.objectContaining({ id: 'slack:T1:U1', answers: 2, outputTokens: 1_000 }),
        expect.objectContaining({ id: 'discord:42' }),
      ],
      total: {
        questions: 1_006,
        answers: 4,
        inputTokens: 1_236_568,
        outputTokens: 2_000,
        countedTokens: 12_345,
      },
    });
  });

  it.each([
    ['--by', { by: 'colour' }, []],
    ['--days', { days: '0' }, []],
    ['--days', { days: '3661' }, []],
    ['--days', { days: '1.5' }, []],
    ['yesterday', {}, ['yesterday']],
  ])('does not guess what is meant: %s %j %j', async (part, values, words) => {
    const error: unknown = await report(rows, values, words).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(UsageError);
    expect((error as Error).message).toContain(part);
  });
});

import type { UsageBook, UsageRow } from '../core/ports/usage.ts';
import { UsageError, table, type CommandArguments } from './command.ts';

const dayMs = 24 * 60 * 60 * 1_000;
const mostDays = 3_660;
const usualDays = 30;

/** Groupings of usage. */
const views = ['person', 'workspace', 'model'] as const;
type View = (typeof views)[number];

type UsageTotals = Pick<
  UsageRow,
  'questions' | 'answers' | 'inputTokens' | 'outputTokens' | 'countedTokens'
>;

/** Usage of one person, workspace or model. */
interface UsageShare extends UsageTotals {
  readonly id: string;
  /** Last known name of a person. */
  readonly name?: string;
}

/** Arguments of `npm run usage`. */
export const usageOptions = { switches: ['json'], options: ['by', 'days'] };

/** The requested report. */
export interface UsageRequest {
  /** Groupings shown. */
  readonly views: readonly View[];
  /** Number of days up to today. */
  readonly days: number;
  readonly json: boolean;
}

/** The request of `--by`, `--days` and `--json`. Throws `UsageError`. */
export function parseUsageRequest(typed: CommandArguments): UsageRequest {
  return { views: viewsIn(typed), days: daysIn(typed), json: typed.has('json') };
}

/**
 * The report, as text or JSON.
 *
 * @param now in milliseconds since the epoch
 */
export async function usageReport(
  book: Pick<UsageBook, 'read'>,
  { views: chosen, days, json }: UsageRequest,
  now: number = Date.now(),
): Promise<string> {
  const period = { from: dayOf(now - (days - 1) * dayMs), to: dayOf(now) };
  const rows = await book.read(period.from);
  const total = sumOf(rows);
  const shares = chosen.map((view): [View, UsageShare[]] => [view, sharesIn(rows, view)]);
  if (json) {
    return JSON.stringify({ ...period, ...Object.fromEntries(shares), total }, null, 2);
  }
  if (rows.length === 0) return `No usage yet, from ${period.from} to ${period.to} (UTC).`;
  return [
    `Usage from ${period.from} to ${period.to} (UTC)`,
    ...shares.map(([view, each]) => tableOf(view, each, total)),
    ...noteOn(total),
  ].join('\n\n');
}

function viewsIn(typed: CommandArguments): readonly View[] {
  if (typed.words.length > 0) throw new UsageError(`"${typed.words.join(' ')}" is not understood.`);
  const by = typed.valueOf('by');
  if (by === undefined) return views;
  const view = views.find((each) => each === by);
  if (view === undefined)
    throw new UsageError(`--by takes person, workspace or model, not "${by}".`);
  return [view];
}

function daysIn(typed: CommandArguments): number {
  const given = typed.valueOf('days') ?? String(usualDays);
  const days = /^\d+$/.test(given) ? Number(given) : 0;
  if (days >= 1 && days <= mostDays) return days;
  throw new UsageError(`--days takes a whole number from 1 to ${mostDays}, not "${given}".`);
}

/** Totals per group, largest first. */
function sharesIn(rows: readonly UsageRow[], view: View): UsageShare[] {
  const groups = Map.groupBy(rows, (row) => idOf(row, view));
  return Array.from(groups, ([id, some]) => ({
    id,
    ...(view === 'person' ? nameIn(some) : {}),
    ...sumOf(some),
  })).toSorted(
    (a, b) => tokensOf(b) - tokensOf(a) || b.questions - a.questions || (a.id < b.id ? -1 : 1),
  );
}

function nameIn(rows: readonly UsageRow[]): { name?: string } {
  const [latest] = rows
    .filter(({ name = '' }) => name !== '')
    .toSorted((a, b) => (a.day < b.day ? 1 : -1));
  return latest?.name === undefined ? {} : { name: latest.name };
}

function idOf(row: UsageRow, view: View): string {
  const id = row[view];
  return id === '' ? `${row.platform} (direct messages)` : id;
}

function tableOf(view: View, shares: readonly UsageShare[], total: UsageTotals): string {
  const named = shares.some(({ name }) => name !== undefined);
  const cells = (id: string, name: string, used: UsageTotals): string[] => [
    id,
    ...(named ? [name] : []),
    ...[used.questions, used.answers, used.inputTokens, used.outputTokens, tokensOf(used)].map(
      (count) => count.toLocaleString('en'),
    ),
  ];
  const head = [
    view.toUpperCase(),
    ...(named ? ['NAME'] : []),
    'QUESTIONS',
    'ANSWERS',
    'TOKENS IN',
    'TOKENS OUT',
    'TOKENS',
  ];
  const rows = shares.map((share) => cells(share.id, share.name ?? '', share));
  return table(head, [...rows, cells('Total', '', total)]);
}

function noteOn({ countedTokens }: UsageTotals): string[] {
  if (countedTokens === 0) return [];
  const count = countedTokens.toLocaleString('en');
  return [`${count} of these tokens were counted by Parley, as the model did not report them.`];
}

function sumOf(rows: readonly UsageRow[]): UsageTotals {
  const sum = { questions: 0, answers: 0, inputTokens: 0, outputTokens: 0, countedTokens: 0 };
  for (const row of rows) {
    sum.questions += row.questions;
    sum.answers += row.answers;
    sum.inputTokens += row.inputTokens;
    sum.outputTokens += row.outputTokens;
    sum.countedTokens += row.countedTokens;
  }
  return sum;
}

function tokensOf({ inputTokens, outputTokens }: UsageTotals): number {
  return inputTokens + outputTokens;
}

function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}

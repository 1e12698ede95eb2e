import type { TurnDetails } from '../core/instances/operator.ts';
import type { Wait } from '../core/reply/pacing/reply-waits.ts';
import { ago } from './command.ts';

/** More reasons than this are seldom of interest. */
const mostWaits = 5;

/** A turn for a person who wants to know why its reply is slow; `now` in ms since the epoch. */
export function describeTurn(turn: TurnDetails, now: number): string {
  const { conversation, state, stopping, attempts, askedAt, startedAt, questions, posts } = turn;
  const begun = startedAt === undefined ? 'not begun' : `begun ${ago(now - startedAt)} ago`;
  const lines = [
    `Turn ${turn.turn ?? 'without an id yet'} of ${conversation}`,
    `State    ${stopping ? 'stopping' : state}; asked ${ago(now - askedAt)} ago, ${begun}; ${counted(attempts, 'try', 'tries')}, ${counted(questions, 'question')}`,
  ];
  if (turn.progress === undefined) return [...lines, ...withoutProgress(state, posts)].join('\n');
  const { edits, unseenMs, longestUnseenMs, waitsFor, waits } = turn.progress;
  lines.push(
    `Shown    ${counted(turn.progress.posts, 'post')} and ${counted(edits, 'edit')} by this process`,
    `Unseen   ${unseenMs === 0 ? 'nothing' : `text of the last ${seconds(unseenMs)}`}; longest so far ${seconds(longestUnseenMs)}`,
    `Waits    ${waitsFor === undefined ? 'for nothing but the model' : `for ${named(waitsFor)}, ${seconds(waitsFor.ms)} so far`}`,
  );
  if (waits.length > 0) {
    const sums = waits.slice(0, mostWaits).map((wait) => `${named(wait)} ${seconds(wait.ms)}`);
    lines.push(`Waited   ${sums.join(', ')}`);
  }
  return lines.join('\n');
}

function withoutProgress(state: TurnDetails['state'], posts: number): string[] {
  const shown = `Shown    ${counted(posts, 'message')}, as the store knows`;
  if (state === 'waiting') return [shown, 'Waits    nobody writes its answer at this moment'];
  return [
    shown,
    'Waits    known only to the process that writes it: its log tells each wait ("reply waited", with LOG_LEVEL=debug), and the sum in "turn done"',
  ];
}

function named({ reason, budget }: Wait): string {
  return budget === undefined ? reason : `${reason} (${budget})`;
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

function counted(count: number, one: string, several = `${one}s`): string {
  return `${count} ${count === 1 ? one : several}`;
}

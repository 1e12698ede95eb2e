// Tested by test/integration/operator.test.ts
import {
  type CancelResult,
  type OpenTurn,
  shortestPrefix,
  type ShowResult,
  type TurnOverview,
} from '../core/instances/operator.ts';
import { ago, runCommand, table, UsageError, withService } from './command.ts';
import { describeTurn } from './turn-details.ts';

const usage = `What is being answered and what waits, and how to intervene.

  npm run turns -- list              what runs, what waits, since when, how often tried
  npm run -s turns -- list --json    the same for a machine
  npm run turns -- show <id>         one of them: its posts and edits, how long text has been unseen,
                                     what it waits for, and what it waited for most
  npm run turns -- cancel <id>       ends an answer, or drops questions that wait; <id> is a
                                     conversation, or the first ${shortestPrefix} or more characters of a turn,
                                     as the list names them
  npm run turns -- pause             nothing new is begun on any instance; answers that run go on,
                                     and questions are kept
  npm run turns -- resume            goes on

The list has the 200 that were asked first. running: somebody writes the answer; waiting: nobody
does, for the first time or after a try that was cut off; ending: its end is stored and being shown;
stopping: it was cancelled. TRIES that are begun, QUESTIONS in it and behind it.

It works while Parley runs, with Redis from any machine that has its settings. Exit code 0, 1 when
there is nothing to show or cancel, 64 for what makes no sense, 69 while the store or Parley does not
answer, 78 for settings that cannot be used.
`;

await runCommand({
  usage,
  switches: ['json'],
  run: async (typed) => {
    const [order = 'list', id, ...more] = typed.words;
    if (more.length > 0 || (id !== undefined && order !== 'cancel' && order !== 'show')) {
      throw new UsageError(`"${typed.words.join(' ')}" is more than ${order} takes.`);
    }
    const text = await carryOut(order, id, typed.has('json'));
    process.stdout.write(`${text}\n`);
  },
});

async function carryOut(order: string, id: string | undefined, json: boolean): Promise<string> {
  switch (order) {
    case 'list':
      return withService(async (service) => {
        const overview = await service.turns();
        return json ? JSON.stringify(overview, null, 2) : shown(overview, Date.now());
      });
    case 'show':
      if (id === undefined) throw new UsageError('show needs the id of a turn or a conversation.');
      return withService(async (service) => described(id, await service.show(id), json));
    case 'cancel':
      if (id === undefined)
        throw new UsageError('cancel needs the id of a turn or a conversation.');
      return withService(async (service) => cancelled(id, await service.cancel(id)));
    case 'pause':
      await withService((service) => service.pause());
      return 'Paused: nothing new is begun until `npm run turns -- resume`; questions are kept.';
    case 'resume':
      await withService((service) => service.resume());
      return 'Resumed.';
    default:
      throw new UsageError(`There is no "${order}".`);
  }
}

function described(id: string, what: ShowResult, json: boolean): string {
  if (what.result !== 'found') return missing(id, what.result);
  return json ? JSON.stringify(what.turn, null, 2) : describeTurn(what.turn, Date.now());
}

function cancelled(id: string, what: CancelResult): string {
  switch (what.result) {
    case 'stopping':
      return `The answer ${id} is being ended; what there is of it stays.`;
    case 'dropped':
      return `${what.questions} waiting ${what.questions === 1 ? 'question' : 'questions'} dropped.`;
    default:
      return missing(id, what.result);
  }
}

function missing(id: string, result: 'unknown' | 'ambiguous'): string {
  process.exitCode = 1;
  return result === 'ambiguous'
    ? `${id} is the beginning of several; give more of it.`
    : `Nothing is in hand under ${id}.`;
}

/** The list for a person; `now` in milliseconds since the epoch. */
function shown({ turns, more, pausedSince }: TurnOverview, now: number): string {
  const lines = [];
  if (pausedSince !== undefined) lines.push(`Paused for ${ago(now - pausedSince)}.`, '');
  if (turns.length === 0) lines.push('Nothing is in hand.');
  else
    lines.push(
      table(
        ['STATE', 'ASKED', 'BEGUN', 'TRIES', 'QUESTIONS', 'TURN', 'CONVERSATION'],
        turns.map((turn) => row(turn, now)),
      ),
    );
  if (more > 0) lines.push(`… and ${more} more.`);
  return lines.join('\n');
}

function row(turn: OpenTurn, now: number): string[] {
  return [
    turn.stopping ? 'stopping' : turn.state,
    `${ago(now - turn.askedAt)} ago`,
    turn.startedAt === undefined ? '-' : `${ago(now - turn.startedAt)} ago`,
    String(turn.attempts),
    String(turn.questions),
    turn.turn?.slice(0, 8) ?? '-',
    turn.conversation,
  ];
}

import type { Entry } from './history.ts';
import { cleanName, isNew, type Message } from './message.ts';
import type { PromptMessage } from './ports/model.ts';

/** What a message costs beside its text: its role, its author's name, its separators. */
const overheadTokens = 8;

/**
 * What the model reads: as much of the past as fits, then the questions to answer. History is
 * cut by whole turns, oldest first, so that no answer stands there without its question; the
 * questions themselves are never cut. What was said before somebody said "new" is left out.
 *
 * @param history oldest first
 * @param budgetTokens for the history alone
 */
export function prompt(
  history: readonly Entry[],
  questions: readonly Message[],
  budgetTokens: number,
): PromptMessage[] {
  const newAsked = questions.findLastIndex((question) => isNew(question.text));
  const past = newAsked < 0 ? newestTurns(sinceNew(history), budgetTokens) : [];
  return [
    ...past
      .filter((entry) => entry.text !== '')
      .map(({ role, author, text }) => ({ role, text: signed(author?.name, text) })),
    ...questions.slice(newAsked + 1).map(({ author, text }) => ({
      role: 'user' as const,
      text: signed(author.name, text),
    })),
  ];
}

function sinceNew(history: readonly Entry[]): readonly Entry[] {
  const said = history.findLastIndex(
    (entry) => entry.role === 'user' && entry.turn !== undefined && isNew(entry.text),
  );
  return history.slice(said + 1);
}

/** Where several people talk, the model must know who says what. */
function signed(name: string | undefined, text: string): string {
  const label = name === undefined ? '' : cleanName(name);
  return label === '' ? text : `${label}: ${text}`;
}

function newestTurns(history: readonly Entry[], budgetTokens: number): readonly Entry[] {
  let start = history.length;
  let spent = 0;
  let turnStart = history.length;
  for (let at = history.length - 1; at >= 0; at -= 1) {
    const entry = history[at];
    if (entry === undefined) break;
    spent += entry.tokens + overheadTokens;
    if (spent > budgetTokens) break;
    turnStart = at;
    if (entry.turn === undefined || history[at - 1]?.turn !== entry.turn) start = turnStart;
  }
  return history.slice(start);
}

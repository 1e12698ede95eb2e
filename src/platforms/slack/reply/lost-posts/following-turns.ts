import type { View } from '../../../../core/ports/store.ts';

/** What followed a turn in its conversation, whichever instance wrote it. */
export interface Sequel {
  /** The `ts` of the question that the next reply stands behind; absent where there is none. */
  readonly next?: string;
  /** The `ts` of the messages that a running reply is known to stand in. */
  readonly pages: ReadonlySet<string>;
}

/** @param newest the `ts` of the turn's own newest question */
export function sequelOf(
  { history, running }: Pick<View, 'history' | 'running'>,
  turn: string,
  newest: string,
): Sequel {
  const answered = history.flatMap(({ role, turn, id }) =>
    role === 'user' && turn !== undefined && id > newest ? [{ turn, id }] : [],
  );
  const asked = (running?.messages ?? []).map(({ id }) => ({ turn: running?.id, id }));
  const later = [...answered, ...asked].filter((question) => question.turn !== turn);
  // A reply stands behind all that it answers.
  const last = [...Map.groupBy(later, (question) => question.turn).values()].map((questions) =>
    questions.map(({ id }) => id).reduce((one, other) => (one > other ? one : other)),
  );
  const [next] = last.toSorted();
  const pages = new Set(running?.pages.flatMap(({ id }) => (id === undefined ? [] : [id])));
  return { pages, ...(next === undefined ? {} : { next }) };
}

import type { AnswerState, Dialect, Frame } from './dialect.ts';

/** The Responses API. */
export const responsesDialect: Dialect = {
  api: 'responses',
  begin: (state) => [
    { type: 'response.created', response: envelope(state) },
    { type: 'response.in_progress', response: envelope(state) },
  ],
  text: (state, delta) => [
    ...opening(state, 'message'),
    {
      type: 'response.output_text.delta',
      item_id: itemId(state),
      output_index: state.items,
      content_index: 0,
      delta,
    },
  ],
  reasoning: (state, delta) => [
    ...opening(state, 'reasoning'),
    {
      type: 'response.reasoning_summary_text.delta',
      item_id: itemId(state),
      output_index: state.items,
      summary_index: 0,
      delta,
    },
  ],
  endItem(state) {
    if (!state.open) return [];
    const done = item('response.output_item.done', state);
    state.open = undefined;
    return [done];
  },
  finish: (state, reason, { inputTokens, outputTokens }) => [
    {
      type: reason === 'stop' ? 'response.completed' : 'response.incomplete',
      response: {
        ...envelope(state),
        incomplete_details: reason === 'stop' ? null : { reason: incompleteReason[reason] },
        usage: { input_tokens: inputTokens, output_tokens: outputTokens },
      },
    },
  ],
  error: ({ message, code, type }) => [
    { type: 'error', message, code: code ?? type ?? 'server_error', param: null },
  ],
};

const incompleteReason = { length: 'max_output_tokens', 'content-filter': 'content_filter' };

/** Announces an item of this kind, unless one is being written. */
function opening(state: AnswerState, kind: 'message' | 'reasoning'): Frame[] {
  if (state.open === kind) return [];
  const ended = responsesDialect.endItem(state);
  state.items += 1;
  state.open = kind;
  return [...ended, item('response.output_item.added', state)];
}

function item(type: string, state: AnswerState): Frame {
  const item = { type: state.open, id: itemId(state) };
  return {
    type,
    output_index: state.items,
    item: state.open === 'reasoning' ? { ...item, summary: [] } : item,
  };
}

function itemId(state: AnswerState): string {
  return `${state.open === 'reasoning' ? 'rs' : 'msg'}_${state.id}_${state.items}`;
}

function envelope(state: AnswerState) {
  return { id: `resp_${state.id}`, object: 'response', created_at: 1_790_000_000, model: 'fake' };
}

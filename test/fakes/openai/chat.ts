import type { AnswerState, Dialect, Frame } from './dialect.ts';

/** The Chat Completions API. */
export const chatDialect: Dialect = {
  api: 'chat',
  begin: (state) => [chunk(state, { role: 'assistant', content: '' })],
  text: (state, delta) => [chunk(state, { content: delta })],
  reasoning: (state, delta) => [chunk(state, { reasoning_content: delta })],
  endItem: () => [],
  finish: (state, reason, { inputTokens, outputTokens }) => [
    chunk(state, {}, reason === 'content-filter' ? 'content_filter' : reason),
    {
      ...envelope(state),
      choices: [],
      usage: {
        prompt_tokens: inputTokens,
        completion_tokens: outputTokens,
        total_tokens: inputTokens + outputTokens,
      },
    },
    '[DONE]',
  ],
  error: (error) => [{ error }],
};

function chunk(state: AnswerState, delta: object, finish: string | null = null): Frame {
  return { ...envelope(state), choices: [{ index: 0, delta, finish_reason: finish }] };
}

function envelope(state: AnswerState) {
  return { id: state.id, object: 'chat.completion.chunk', created: 1_790_000_000, model: 'fake' };
}

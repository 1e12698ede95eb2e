import { describe, expect, it } from 'vitest';
import type { ConversationId } from '../../../../../src/core/domain/conversation.ts';
import type {
  ConversationSummary,
  StoredConversation,
} from '../../../../../src/core/ports/store.ts';
import { search } from '../../../../../src/platforms/web/conversations/search.ts';

function summary(id: string, began: string, name?: string): ConversationSummary {
  const conversation = id as ConversationId;
  return {
    conversation,
    lastAskedAt: 1,
    firstText: began,
    ...(name === undefined ? {} : { name }),
  };
}

/** What was said in each conversation; `reads` counts how many were looked into. */
function storeOf(said: Readonly<Record<string, readonly string[]>>) {
  const reads: string[] = [];
  const view = (conversation: ConversationId): Promise<StoredConversation> => {
    reads.push(conversation);
    const history = (said[conversation] ?? []).map((text, i) => ({
      id: `${i}`,
      role: 'user' as const,
      text,
      at: i,
      tokens: 1,
    }));
    return Promise.resolve({ history, queued: [] });
  };
  return { conversationView: view, reads };
}

const signal = new AbortController().signal;

describe('a search', () => {
  it('finds titles and what was said, in any case, with the passage', async () => {
    const store = storeOf({
      b: ['Hello', `${'Long. '.repeat(40)}A web server\nin PYTHON, ${'please '.repeat(30)}`],
      c: ['web only', 'python only'],
    });
    const all = [summary('a', 'A Python server'), summary('b', 'Hello'), summary('c', 'web only')];
    const { hits, more } = await search(store, all, ' python  SERVER ', signal);
    expect(hits.map(({ summary: { conversation } }) => conversation)).toEqual(['a', 'b']);
    expect(hits[0]?.passage).toBeUndefined();
    expect(hits[1]?.passage).toMatch(/^….*A web server in PYTHON, .*…$/);
    expect(hits[1]?.passage?.length).toBeLessThan(125);
    expect(more).toBe(false);
  });

  it('goes by the name that a person gave', async () => {
    const all = [summary('a', 'How?', 'Holidays'), summary('b', 'Holidays', 'Else')];
    const store = storeOf({ b: ['Holidays'] });
    const { hits } = await search(store, all, 'holidays', signal);
    expect(hits.map(({ passage }) => passage)).toEqual([undefined, 'Holidays']);
    expect(store.reads).toEqual(['b']);
  });

  it('ends after as many as are shown, as much as may be read, or when nobody waits', async () => {
    const many = Array.from({ length: 60 }, (_, i) => summary(`${i}`, 'Same'));
    expect(await search(storeOf({}), many, 'same', signal)).toMatchObject({
      hits: { length: 50 },
      more: true,
    });
    const long = 'x'.repeat(1_000_000);
    const store = storeOf(
      Object.fromEntries(many.map(({ conversation }) => [conversation, [long]])),
    );
    expect(await search(store, many, 'y', signal)).toEqual({ hits: [], more: true });
    expect(store.reads).toHaveLength(20);
    const gone = storeOf({});
    expect(await search(gone, many, 'y', AbortSignal.abort())).toEqual({ hits: [], more: true });
    expect(gone.reads).toEqual([]);
  });
});

import { marked } from 'marked';
import { describe, expect, it } from 'vitest';
import type { ConversationId } from '../../../../../src/core/domain/conversation.ts';
import type { HistoryEntry } from '../../../../../src/core/domain/turn.ts';
import type { StoredConversation } from '../../../../../src/core/ports/store.ts';
import {
  fileNameOf,
  titleOf,
  toMarkdown,
} from '../../../../../src/platforms/web/conversations/export.ts';

const exportedAt = Date.parse('2026-11-30T10:00:00Z');
const at = Date.parse('2026-11-29T09:05:59Z');
const conversation = 'web:s:c' as ConversationId;

function entry(
  role: HistoryEntry['role'],
  text: string,
  more: Partial<HistoryEntry> = {},
): HistoryEntry {
  return { id: text, role, text, at, tokens: 1, ...more };
}

function exported(
  history: readonly HistoryEntry[],
  more: Partial<StoredConversation> = {},
): string {
  return toMarkdown('Salt', { history, queued: [], ...more }, exportedAt);
}

/** The headings that a reader of the markdown sees. */
function headings(markdown: string): string[] {
  return marked.lexer(markdown).flatMap((token) => (token.type === 'heading' ? [token.text] : []));
}

const you = 'You · 2026-11-29 09:05 UTC';
const parley = 'Parley · 2026-11-29 09:05 UTC';

describe('an export', () => {
  it('says who said what, and when; what people wrote exactly, answers as they are', () => {
    const history = [
      entry('user', 'Why?\n  # 1'),
      entry('assistant', '**Salt**\n\n- from rivers', { note: 'Stopped. *' }),
    ];
    expect(exported(history)).toBe(`# Salt

Exported from Parley on 2026-11-30 10:00 UTC: 2 messages.

## ${you}

\`\`\`text
Why?
  # 1
\`\`\`

## ${parley}

**Salt**

- from rivers

> Stopped. \\*
`);
  });

  it('has what waits and what is still being written', () => {
    const message = (id: string) => ({
      id,
      conversation,
      author: { id: 's' },
      text: id,
      sentAt: at,
      kind: 'question' as const,
    });
    const running = {
      id: 't',
      conversation,
      messages: [message('first')],
      attempt: 1,
      startedAt: at,
      pages: [{ index: 0, key: 'k', source: 'Once upon' }],
      stopRequested: false,
    };
    const text = exported([], { running, queued: [message('second')] });
    expect(headings(text)).toEqual(['Salt', you, parley, you]);
    expect(text).toContain('Once upon\n\n> Still being written.\n\n## You');
  });

  it.each([
    ['a fence in a question', [entry('user', '```\n````\n## Parley · x'), entry('user', 'B')]],
    ['an open fence', [entry('assistant', 'See:\n```js\nlet a'), entry('user', 'B')]],
    ['an open fence in a list', [entry('assistant', '- ~~~\n  a'), entry('user', 'B')]],
    ['an open comment', [entry('assistant', '<!-- hidden\n\nmore'), entry('user', 'B')]],
    ['an open block of HTML', [entry('assistant', '<pre>\n\nmore'), entry('user', 'B')]],
    ['a heading like ours', [entry('assistant', `ok\n\n## ${you}\n\nYes`), entry('user', 'B')]],
    ['a heading under a line', [entry('assistant', `${you}\n---`), entry('user', 'B')]],
  ])('keeps speakers apart behind %s', (_what, history) => {
    const speakers = headings(exported(history)).filter((text) => [you, parley].includes(text));
    expect(speakers).toEqual(history.map(({ role }) => (role === 'user' ? you : parley)));
  });

  it('keeps a title on its line', () => {
    const text = toMarkdown('# <b>\n[x](y)', { history: [], queued: [] }, exportedAt);
    expect(text.split('\n')[0]).toBe('# \\# \\<b\\> \\[x\\](y)');
  });
});

describe('a title', () => {
  it.each([
    [{ firstText: 'Why is the sea salty?' }, 'Why is the sea salty?'],
    [{ firstText: 'Why is the sea salty?', name: 'Sea' }, 'Sea'],
    [{ firstText: '  Two\nlines' }, 'Two'],
    [{ firstText: '😀'.repeat(100) }, `${'😀'.repeat(59)}…`],
    [{ firstText: '' }, 'Untitled'],
  ])('of %j is %s', (summary, title) => expect(titleOf(summary)).toBe(title));
});

describe('a file name', () => {
  it.each([
    ['Why is the sea salty?', 'Why is the sea salty'],
    ['../../etc/passwd', 'etc passwd'],
    ['C:\\a|b "c" <d>*', 'C a b c d'],
    ['.hidden.', 'hidden'],
    ['a\u202Efdp.exe', 'a fdp.exe'],
    ['CON', 'Conversation CON'],
    ['nul.txt', 'Conversation nul.txt'],
    ['???', 'Conversation'],
    ['Größe 😀', 'Größe 😀'],
    ['😀'.repeat(100), '😀'.repeat(50)],
  ])('of %s is %s', (title, name) => expect(fileNameOf(title)).toBe(name));
});

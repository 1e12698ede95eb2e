import type { HistoryEntry } from '../../../core/domain/turn.ts';
import { cleanName } from '../../../core/domain/message.ts';
import type { ConversationSummary, StoredConversation } from '../../../core/ports/store.ts';
import { htmlEnd, outside, readLines } from '../../../core/reply/pages/markdown/blocks.ts';

/** Most messages and answers of an export, the newest. */
export const maxExported = 2_000;

type Line = Pick<HistoryEntry, 'role' | 'text' | 'at' | 'note'>;

/**
 * A conversation as a markdown file with authors and times. Questions are verbatim in code blocks;
 * answers are markdown, with open blocks closed. So no text can pass for another author's.
 *
 * @param exportedAt in milliseconds since the epoch
 */
export function toMarkdown(title: string, view: StoredConversation, exportedAt: number): string {
  const lines = linesOf(view);
  const count = `${lines.length} ${lines.length === 1 ? 'message' : 'messages'}`;
  const cut = view.history.length >= maxExported ? ', the newest; older ones are left out' : '';
  return [
    `# ${literal(title)}`,
    `Exported from Parley on ${timeOf(exportedAt)}: ${count}${cut}.`,
    ...lines.flatMap(({ role, text, at, note }) => [
      `## ${role === 'user' ? 'You' : 'Parley'} · ${timeOf(at)}`,
      role === 'user' ? fenced(text) : closedMarkdown(text),
      ...(note === undefined ? [] : [`> ${literal(note)}`]),
    ]),
  ]
    .filter((block) => block !== '')
    .join('\n\n')
    .concat('\n');
}

function linesOf({ history, running, queued }: StoredConversation): Line[] {
  const asked = [...(running?.messages ?? []), ...queued].map(({ text, sentAt }): Line => ({
    role: 'user',
    text,
    at: sentAt,
  }));
  if (running === undefined) return [...history, ...asked];
  const at = running.messages.at(-1)?.sentAt ?? running.startedAt;
  const text = running.ending?.text ?? running.pages.map(({ source }) => source).join('');
  const growing: Line = { role: 'assistant', text, at, note: 'Still being written.' };
  return [
    ...history,
    ...asked.slice(0, running.messages.length),
    growing,
    ...asked.slice(running.messages.length),
  ];
}

/** A code block with a fence longer than any run of backticks in the text. */
function fenced(text: string): string {
  let longest = 2;
  for (const [row] of text.matchAll(/`+/g)) longest = Math.max(longest, row.length);
  const fence = '`'.repeat(longest + 1);
  return `${fence}text\n${text}\n${fence}`;
}

/** An answer with its open code block or raw HTML closed. */
function closedMarkdown(answer: string): string {
  const text = answer.replaceAll(/(You|Parley) · (?=\d{4}-\d\d-\d\d \d\d:\d\d UTC)/g, '$1, ');
  const lines = readLines(outside, false, text);
  const after = lines.at(-1)?.after;
  const own = lines
    .filter(({ kind }) => kind !== 'code')
    .map(({ content, end }) => text.slice(content, end).trimStart());
  const ends = [
    // A code block in a list or a quote ends with it.
    after?.leaf.kind === 'fence' && after.containers.length === 0 ? after.leaf.fence.marker : '',
    htmlEnd(own),
  ];
  return [text, ...ends.filter((end) => end !== '')].join('\n');
}

/** One line of literal text, with markdown escaped. */
function literal(text: string): string {
  return cleanName(text, text.length).replaceAll(/[\\`*_[\]<>#&~|]/g, String.raw`\$&`);
}

function timeOf(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** Longest automatic title, in characters of the first line. */
const maxTitleChars = 60;
/** Longest file name, in characters: with four bytes each, below the 255 of file systems. */
const maxFileNameChars = 50;

/** A conversation's title: its own name, or the beginning of its first message. */
export function titleOf({
  name,
  firstText,
}: Pick<ConversationSummary, 'name' | 'firstText'>): string {
  if (name !== undefined) return name;
  const [first = ''] = firstText.trim().split('\n', 1);
  const chars = Array.from(first.trim());
  const line = chars.length <= maxTitleChars ? chars : [...chars.slice(0, maxTitleChars - 1), '…'];
  return line.join('') || 'Untitled';
}

/** A file name from a title that every file system accepts; without an extension. */
export function fileNameOf(title: string): string {
  const plain = title
    .toWellFormed()
    // Separators of paths, characters that Windows reserves, and invisible ones.
    .replaceAll(/[/\\:*?"<>|\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim();
  const name = Array.from(plain).slice(0, maxFileNameChars).join('');
  // A dot in front hides a file; at the end, Windows drops it.
  const bare = name.replace(/^[. ]+/, '').replace(/[. ]+$/, '');
  return /^(con|prn|aux|nul|com\d|lpt\d)?(\..*)?$/i.test(bare)
    ? `Conversation ${bare}`.trim()
    : bare;
}

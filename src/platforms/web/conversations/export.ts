import type { HistoryEntry } from '../../../core/domain/turn.ts';
import { cleanName } from '../../../core/domain/message.ts';
import type { ConversationSummary, StoredConversation } from '../../../core/ports/store.ts';
import { htmlEnd, outside, readLines } from '../../../core/reply/pages/markdown/blocks.ts';

/** Messages and answers that an export has at most, the newest. */
export const mostExported = 2_000;

type Line = Pick<HistoryEntry, 'role' | 'text' | 'at' | 'note'>;

/**
 * A conversation as a markdown file: who said what, and when. What people wrote is in code blocks,
 * exactly; answers are the markdown that they are, with an end for what they leave open. So nothing
 * that was said can pose as what another one said.
 *
 * @param exportedAt in milliseconds since the epoch
 */
export function toMarkdown(title: string, view: StoredConversation, exportedAt: number): string {
  const lines = linesOf(view);
  const count = `${lines.length} ${lines.length === 1 ? 'message' : 'messages'}`;
  const cut = view.history.length >= mostExported ? ', the newest; older ones are left out' : '';
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

/** In a fence that is longer than every row of backticks in the text. */
function fenced(text: string): string {
  let longest = 2;
  for (const [row] of text.matchAll(/`+/g)) longest = Math.max(longest, row.length);
  const fence = '`'.repeat(longest + 1);
  return `${fence}text\n${text}\n${fence}`;
}

/** An answer with an end for the code block or the raw HTML that it leaves open. */
function closedMarkdown(answer: string): string {
  const text = answer.replaceAll(/(You|Parley) · (?=\d{4}-\d\d-\d\d \d\d:\d\d UTC)/g, '$1, ');
  const lines = readLines(outside, false, text);
  const after = lines.at(-1)?.after;
  const own = lines
    .filter(({ kind }) => kind !== 'code')
    .map(({ content, end }) => text.slice(content, end).trimStart());
  const ends = [
    // What is open in a list or a quote ends with it.
    after?.leaf.kind === 'fence' && after.containers.length === 0 ? after.leaf.fence.marker : '',
    htmlEnd(own),
  ];
  return [text, ...ends.filter((end) => end !== '')].join('\n');
}

/** One line that reads as it is, whatever is in it. */
function literal(text: string): string {
  return cleanName(text, text.length).replaceAll(/[\\`*_[\]<>#&~|]/g, String.raw`\$&`);
}

function timeOf(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** Characters of the first line that a conversation is called by. */
const maxChars = 60;
/** Of a file's name: with four bytes each, still less than the 255 that file systems take. */
const maxFileChars = 50;

/** What a conversation is called: as its person named it, or else how it begins. */
export function titleOf({
  name,
  firstText,
}: Pick<ConversationSummary, 'name' | 'firstText'>): string {
  if (name !== undefined) return name;
  const [first = ''] = firstText.trim().split('\n', 1);
  const chars = Array.from(first.trim());
  const line = chars.length <= maxChars ? chars : [...chars.slice(0, maxChars - 1), '…'];
  return line.join('') || 'Untitled';
}

/** A name that every file system takes, made from a title; without an ending. */
export function fileNameOf(title: string): string {
  const plain = title
    .toWellFormed()
    // What separates paths, what Windows reserves, and what nobody sees.
    .replaceAll(/[/\\:*?"<>|\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim();
  const name = Array.from(plain).slice(0, maxFileChars).join('');
  // A dot in front hides a file; at the end, Windows drops it.
  const bare = name.replace(/^[. ]+/, '').replace(/[. ]+$/, '');
  return /^(con|prn|aux|nul|com\d|lpt\d)?(\..*)?$/i.test(bare)
    ? `Conversation ${bare}`.trim()
    : bare;
}

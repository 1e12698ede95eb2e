import type { Summary } from '../../../core/ports/store.ts';

/** Characters of the first line that a conversation is called by. */
const maxChars = 60;
/** Of a file's name: with four bytes each, still less than the 255 that file systems take. */
const maxFileChars = 50;

/** What a conversation is called: as its person named it, or else how it begins. */
export function titleOf({ name, began }: Pick<Summary, 'name' | 'began'>): string {
  if (name !== undefined) return name;
  const [first = ''] = began.trim().split('\n', 1);
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

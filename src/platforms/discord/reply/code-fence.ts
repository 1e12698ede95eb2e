import { maxFenceMarks } from '../../../core/reply/pages/markdown/blocks.ts';

/** What may stand before a fence: quotes and items of lists. */
const opener = /^((?:[ \t>]|(?:[-*+]|\d{1,9}[.)])[ \t])*)(`{3,}|~{3,})(.*)$/s;
const language = /^[a-z0-9_+\-.#]+$/i;

/** A block of code as Discord reads it. */
export interface Fence {
  readonly text: readonly string[];
  /** How many lines of the source it takes. */
  readonly lines: number;
}

/**
 * The block of code that begins on this line, if one does. Discord knows three backticks and no
 * other fence, and a language of one word behind them; else it shows the marks.
 */
export function fenceAt(lines: readonly string[], at: number): Fence | undefined {
  const [, lead = '', marks = '', info = ''] = opener.exec(lines[at] ?? '') ?? [];
  if (marks === '' || marks.length > maxFenceMarks) return undefined;
  if (marks.startsWith('`') && info.includes('`')) return undefined;
  const [word = ''] = info.trim().split(/\s/);
  const text = [`${lead}\`\`\`${language.test(word) ? word : ''}`];
  const quote = /^[ \t]*(?:>[ \t]?)+/.exec(lead)?.[0];
  for (let next = at + 1; next < lines.length; next += 1) {
    const line = lines[next] ?? '';
    if (quote !== undefined && !/^[ \t]*>/.test(line)) {
      // The quote is over, and with it what was open in it.
      return { text: [...text, `${quote}\`\`\``], lines: text.length };
    }
    const [, before = '', closing = ''] = /^([ \t>]*)(`{3,}|~{3,})[ \t\r]*$/.exec(line) ?? [];
    if (closing.startsWith(marks)) {
      return { text: [...text, `${before}\`\`\``], lines: text.length + 1 };
    }
    text.push(broken(line));
  }
  return { text, lines: text.length };
}

/** Three backticks would end the block. */
export function broken(code: string): string {
  return code.replaceAll('```', '`\u200b`\u200b`');
}

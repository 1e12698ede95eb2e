import { parseEnv } from 'node:util';

/** What one line of `.env` says, or several where a value in quotes goes on. */
export interface Statement {
  /** Its first line; that of the file is 1. */
  readonly line: number;
  readonly lastLine: number;
  /** What stands before "=", without `export`; the whole line where there is no "=". */
  readonly name: string;
  /** What Node reads behind "="; undefined where there is no "=". */
  readonly value: string | undefined;
  /** What stands behind "=", with quotes and comments. */
  readonly written: string;
}

/**
 * The text of an `.env` file, without the mark that some editors begin one with. PowerShell writes
 * UTF-16, with such a mark.
 */
export function decoded(bytes: Uint8Array): string {
  const [first, second] = bytes;
  const encoding =
    first === 0xff && second === 0xfe
      ? 'utf-16le'
      : first === 0xfe && second === 0xff
        ? 'utf-16be'
        : 'utf-8';
  return new TextDecoder(encoding).decode(bytes);
}

/**
 * What an `.env` file says, in its order. Values are read by Node, one statement at a time: in a
 * whole file it takes the next line for the value of a name with nothing but blanks behind "=".
 */
export function statementsIn(text: string): Statement[] {
  const lines = text.split(/\r\n?|\n/);
  const statements: Statement[] = [];
  for (let at = 0; at < lines.length; at += 1) {
    const whole = (lines[at] ?? '').trim();
    if (whole === '' || whole.startsWith('#')) continue;
    const [first, equal] = [at, whole.indexOf('=')];
    let written = equal === -1 ? '' : whole.slice(equal + 1).trimStart();
    const quote = quoteOf(written);
    if (quote !== undefined && !written.includes(quote, 1)) {
      const last = lines.findIndex((line, index) => index > at && line.includes(quote));
      if (last !== -1) {
        // What ends the first line is a part of the value here.
        const start = (lines[at] ?? '')
          .trimStart()
          .slice(equal + 1)
          .trimStart();
        written = [start, ...lines.slice(at + 1, last + 1)].join('\n').trimEnd();
        at = last;
      }
    }
    const name = equal === -1 ? whole : whole.slice(0, equal).trim();
    statements.push({
      line: first + 1,
      lastLine: at + 1,
      name: name.replace(/^export\s+/, ''),
      value: equal === -1 ? undefined : (parseEnv(`value=${written}`)['value'] ?? ''),
      written,
    });
  }
  return statements;
}

/**
 * What of a statement its value does not say as it is written, as the end of a sentence about its
 * name; undefined where nothing is lost.
 *
 * @param options.text whether its value may be any text, with ` # ` in it, too
 * @param options.lines whether its value may have several lines
 */
export function lossOf(
  { written, value = '' }: Statement,
  { text, lines }: { readonly text: boolean; readonly lines: boolean },
): string | undefined {
  if (/[\0\uFFFD]/.test(value)) return 'has a character that is not UTF-8: save the file as UTF-8';
  const quote = quoteOf(written);
  if (quote === undefined) {
    const at = written.indexOf('#');
    const isComment = !text && at > 0 && /^\s#(\s|$)/.test(written.slice(at - 1, at + 2));
    return at === -1 || isComment
      ? undefined
      : 'ends before its "#", where a comment begins: put the whole value in quotes';
  }
  const end = written.indexOf(quote, 1);
  if (end === -1) return 'begins with a quote that nothing closes, and has it in its value';
  if (!/^(\s+#.*)?$/s.test(written.slice(end + 1))) {
    return 'ends at its second quote, and what follows is left out: put other quotes around it';
  }
  return quote === '"' && !lines && written.slice(0, end).includes(String.raw`\n`)
    ? String.raw`has "\n" in double quotes, which is a line break there: use single quotes`
    : undefined;
}

function quoteOf(written: string): string | undefined {
  return /^["'`]/.exec(written)?.[0];
}

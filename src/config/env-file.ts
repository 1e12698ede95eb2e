import { parseEnv } from 'node:util';

/** One statement of `.env`: a line, or several with a quoted value. */
export interface Statement {
  /** Number of its first line, from 1. */
  readonly line: number;
  readonly lastLine: number;
  /** Text before "=", without `export`; the whole line without "=". */
  readonly name: string;
  /** Value as Node reads it; undefined without "=". */
  readonly value: string | undefined;
  /** Text after "=", with quotes and comments. */
  readonly written: string;
}

/**
 * The text of an `.env` file, without a byte order mark; also from UTF-16, which PowerShell writes.
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
 * The statements of an `.env` file. Node parses the values one statement at a time: in a whole file
 * it takes the next line as the value after "=" and blanks.
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
        // Blanks at the end of the first line belong to the value here.
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
 * The difference between a statement as written and its value, as the end of a sentence about its
 * name; undefined without one.
 *
 * @param options.text whether the value may be any text, including ` # `
 * @param options.lines whether the value may have several lines
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

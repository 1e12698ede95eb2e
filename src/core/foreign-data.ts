/** Readers of unknown JSON and foreign names: any value is possible, and none throws. */

export type JsonRecord = Readonly<Record<string, unknown>>;

export function asRecord(value: unknown): JsonRecord {
  return typeof value === 'object' && value !== null ? (value as JsonRecord) : {};
}

export function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** A string that is not empty. */
export function asText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/**
 * A name or sentence of somebody else's as part of a line of ours: nothing in it ends the line, moves
 * the cursor, or turns the direction of writing. Cut to `maxChars` UTF-16 units.
 */
export function inOneLine(text: string, maxChars: number): string {
  // A longer text is cut before it is read.
  const start = text.slice(0, maxChars * 2);
  const clean = start
    .toWellFormed()
    .replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, ' ')
    .replaceAll(/\s/g, ' ')
    .split(' ')
    .filter((word) => word !== '')
    .join(' ');
  const whole = clean.length <= maxChars && start.length === text.length;
  return whole ? clean : `${clean.slice(0, maxChars - 1).toWellFormed()}…`;
}

/** Levels of JSON, far above what a platform or the page sends. */
const mostLevels = 200;

/**
 * Reads JSON. Throws `SyntaxError` for what is none, and for what nests too deeply: each level costs
 * the parser some 60 bytes, so that 200 kB of brackets take 12 MB.
 */
export function parseForeignJson(text: string): unknown {
  let levels = 0;
  let isInString = false;
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at];
    if (isInString && char === '\\') at += 1;
    else if (char === '"') isInString = !isInString;
    else if (isInString) continue;
    else if (char === ']' || char === '}') levels -= 1;
    else if (char === '[' || char === '{') {
      levels += 1;
      if (levels > mostLevels) throw new SyntaxError(`JSON of more than ${mostLevels} levels`);
    }
  }
  return JSON.parse(text);
}

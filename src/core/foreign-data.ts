/** What a platform sends may be anything: these read it without believing it. */

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
  // What is longer is cut before it is looked at.
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

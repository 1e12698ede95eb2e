/** JSON as Discord sends or takes it. */
export type Payload = Record<string, unknown>;

export function isObject(value: unknown): value is Payload {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Discord's way of writing a time: microseconds and an offset. */
export function isoTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000+00:00');
}

/** How long a text is, as Discord counts. */
export function codePoints(text: string): number {
  return Array.from(text).length;
}

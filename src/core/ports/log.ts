type Write = (fields: Record<string, unknown>, event: string) => void;

/**
 * Where events go, with ids, counts and times; never the text of a message, never a token.
 * An error goes under `err`.
 */
export interface Log {
  readonly debug: Write;
  readonly info: Write;
  readonly warn: Write;
  readonly error: Write;
}

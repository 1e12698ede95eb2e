/** An answer with `ok: false`. */
export class ApiError extends Error {
  readonly error: string;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(error: string, details: Record<string, unknown> = {}, cause?: unknown) {
    super(error, cause === undefined ? {} : { cause });
    this.error = error;
    this.details = details;
  }
}

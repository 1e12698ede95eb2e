import { ApiError } from './api-error.ts';

/** What a method was called with: form fields are strings, JSON fields may be anything. */
export class Arguments {
  readonly raw: Readonly<Record<string, unknown>>;

  constructor(raw: Record<string, unknown>) {
    this.raw = raw;
  }

  /** The field as text; undefined if it is absent. */
  text(name: string): string | undefined {
    const value = this.raw[name];
    if (value === undefined || value === null) return undefined;
    return typeof value === 'string' ? value : JSON.stringify(value);
  }

  /** The field as text; refused if it is absent or empty. */
  needed(name: string): string {
    const value = this.text(name);
    if (value !== undefined && value !== '') return value;
    throw new ApiError('invalid_arguments', {
      response_metadata: { messages: [`[ERROR] missing required field: ${name}`] },
    });
  }

  /** The field as Slack reads a switch; undefined if it is absent. */
  flag(name: string): boolean | undefined {
    const value = this.text(name);
    return value === undefined ? undefined : value === 'true' || value === '1';
  }

  /** A whole number; `fallback` if it is absent, and refused if it is none. */
  count(name: string, fallback: number): number {
    const value = this.text(name);
    if (value === undefined || value === '') return fallback;
    const number = Number(value);
    if (Number.isInteger(number) && number >= 0) return number;
    throw new ApiError('invalid_arguments', {
      response_metadata: { messages: [`[ERROR] must be a number [json-pointer:/${name}]`] },
    });
  }

  /** A nested value, which forms carry as JSON; refused with `error` if it cannot be parsed. */
  nested(name: string, error: string): unknown {
    const value = this.raw[name];
    if (typeof value !== 'string') return value ?? undefined;
    if (value === '') return undefined;
    try {
      return JSON.parse(value);
    } catch (cause) {
      throw new ApiError(error, {}, cause);
    }
  }

  /** A nested list of objects; undefined if it is absent. */
  list(name: string, error: string): Record<string, unknown>[] | undefined {
    const value = this.nested(name, error);
    if (value === undefined) return undefined;
    if (Array.isArray(value) && value.every(isObject)) return value;
    throw new ApiError(error);
  }
}

/** Whether a value is an object with fields. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

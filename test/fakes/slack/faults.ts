import type { Call } from './activity-record.ts';

/** What goes wrong with a call. */
export type Fault =
  /** Answers `ok: false`; nothing was done. */
  | { readonly kind: 'error'; readonly error: string; readonly details?: Record<string, unknown> }
  /** HTTP 429, or 200 with `ok: false`; nothing was done. */
  | { readonly kind: 'rate-limited'; readonly retryAfterSeconds: number; readonly by?: 'body' }
  /** Such as 500, with a page instead of JSON; nothing was done. */
  | { readonly kind: 'status'; readonly status: number }
  /** Never answers; nothing was done. */
  | { readonly kind: 'hang' }
  /** The connection breaks; nothing was done. */
  | { readonly kind: 'reset' }
  /** It was done, yet the connection breaks, or nothing ever comes back. */
  | { readonly kind: 'lost'; readonly by: 'reset' | 'hang' }
  /** Never answers, and is done after so many milliseconds. */
  | { readonly kind: 'late'; readonly ms: number }
  /** Takes so many milliseconds, half of them before it is done. */
  | { readonly kind: 'slow'; readonly ms: number };

interface Planned {
  readonly method: string;
  readonly fault: Fault;
  readonly when: (call: Call) => boolean;
  left: number;
}

/** What is to go wrong, in the order in which it was asked for. */
export class Faults {
  readonly #planned: Planned[] = [];

  /** Returns a function that ends it. `*` is every method. */
  plan(
    method: string,
    fault: Fault,
    options: { times?: number; when?: (call: Call) => boolean } = {},
  ): () => void {
    const when = options.when ?? (() => true);
    const planned: Planned = { method, fault, when, left: options.times ?? 1 };
    this.#planned.push(planned);
    return () => {
      planned.left = 0;
    };
  }

  /** What goes wrong with this call, if anything does. */
  take(call: Call): Fault | undefined {
    const planned = this.#planned.find(
      ({ method, left, when }) =>
        left > 0 && (method === '*' || method === call.method) && when(call),
    );
    if (planned === undefined) return undefined;
    planned.left -= 1;
    return planned.fault;
  }
}

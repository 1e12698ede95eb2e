import type { Call } from './activity-record.ts';

/** What goes wrong with a call. */
export type Fault =
  /** Discord's no with this code, such as 200000 of AutoMod; nothing was done. */
  | {
      readonly kind: 'refused';
      readonly code: number;
      /** What Discord uses for the code if absent. */
      readonly status?: number;
      readonly message?: string;
      /** For the codes that come with 429; 5 if absent. */
      readonly retryAfterSeconds?: number;
    }
  /** A 429 without a word in the headers before; nothing was done. */
  | {
      readonly kind: 'rate-limited';
      readonly retryAfterSeconds: number;
      /** `user` by default. */
      readonly scope?: 'user' | 'shared' | 'global';
    }
  /** A page instead of JSON, as Cloudflare shows it, such as 403, 429 or 502; nothing was done. */
  | { readonly kind: 'page'; readonly status: number }
  /** It was done, but the answer is no JSON although it says so. */
  | { readonly kind: 'garbled' }
  /** Never answers; nothing was done. */
  | { readonly kind: 'hang' }
  /** The connection breaks; nothing was done. */
  | { readonly kind: 'reset' }
  /** It was done, yet the connection breaks, or nothing ever comes back. */
  | { readonly kind: 'lost'; readonly by: 'reset' | 'hang' }
  /** Never answers, and is done after so many milliseconds. */
  | { readonly kind: 'late'; readonly ms: number }
  /** Done at once, and answered after so many milliseconds. */
  | { readonly kind: 'slow'; readonly ms: number };

interface Planned {
  readonly method: string;
  readonly pattern: RegExp;
  readonly fault: Fault;
  readonly when: (call: Call) => boolean;
  left: number;
}

/** What is to go wrong, in the order in which it was asked for. */
export class Faults {
  readonly #planned: Planned[] = [];

  /**
   * Lets the next `times` calls go wrong (1 by default); returns what ends it. `*` is every
   * method, or every path; `:name` in a path stands for any id.
   *
   * @param when which of these calls are meant; all by default
   */
  next(
    method: string,
    path: string,
    fault: Fault,
    times = 1,
    when: (call: Call) => boolean = () => true,
  ): () => void {
    const pattern = path === '*' ? /^/ : new RegExp(`^${path.replaceAll(/:\w+/g, '[^/]+')}$`);
    const planned: Planned = { method, pattern, fault, when, left: times };
    this.#planned.push(planned);
    return () => {
      planned.left = 0;
    };
  }

  /** What goes wrong with this call, if anything does. */
  take(call: Call): Fault | undefined {
    const planned = this.#planned.find(
      ({ method, pattern, left, when }) =>
        left > 0 &&
        (method === '*' || method === call.method) &&
        pattern.test(call.path) &&
        when(call),
    );
    if (planned === undefined) return undefined;
    planned.left -= 1;
    return planned.fault;
  }
}

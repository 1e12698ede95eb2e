import { codes, Refused } from '../api/api-errors.ts';

/** Somebody may give the permission at any moment, in milliseconds. */
const believedForMs = 60_000;
/** Beyond this many, what was refused first is forgotten. */
const maxKnown = 10_000;

const wanting = new Set<number>([codes.missingAccess, codes.missingPermissions]);

/** Discord refuses a call for want of a permission. */
export function wantsPermission(error: unknown): error is Refused {
  return error instanceof Refused && wanting.has(error.code);
}

/** Where Discord has just refused something that takes a permission: it need not be tried again. */
export class Denials {
  readonly #deniedAt = new Map<string, number>();

  /** @param place a channel that is not to be written to, or `threadsOf` one */
  add(place: string): void {
    this.#deniedAt.delete(place);
    if (this.#deniedAt.size >= maxKnown) {
      this.#deniedAt.delete(this.#deniedAt.keys().next().value ?? '');
    }
    this.#deniedAt.set(place, performance.now());
  }

  has(place: string): boolean {
    const deniedAt = this.#deniedAt.get(place) ?? Number.NEGATIVE_INFINITY;
    return performance.now() - deniedAt < believedForMs;
  }

  /** Somebody changed a channel or a role: it may be otherwise now. */
  clear(): void {
    this.#deniedAt.clear();
  }
}

/** The threads of a channel: no answer is to be given in one of them. */
export function threadsOf(channel: string): string {
  return `threads of ${channel}`;
}

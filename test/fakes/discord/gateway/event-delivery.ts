import type { Happening } from './protocol.ts';

/** Carries what happens to the sessions; on demand twice, late or in another order. */
export class Courier {
  readonly #bring: (happening: Happening) => void;
  readonly #timers = new Set<NodeJS.Timeout>();
  #held: Happening[] | undefined;
  #duplicating = false;
  #delayMs: ((happening: Happening) => number) | undefined;

  constructor(bring: (happening: Happening) => void) {
    this.#bring = bring;
  }

  send(happening: Happening): void {
    if (this.#held !== undefined) {
      this.#held.push(happening);
      return;
    }
    this.#carry(happening);
    if (this.#duplicating) this.#carry(happening);
  }

  /** Everything is brought twice, as two events, until the returned function ends it. */
  duplicate(): () => void {
    this.#duplicating = true;
    return () => {
      this.#duplicating = false;
    };
  }

  /**
   * Events take so many milliseconds, until the returned function ends it; unequal times make them
   * overtake each other.
   */
  delay(ms: number | ((happening: Happening) => number)): () => void {
    this.#delayMs = typeof ms === 'number' ? () => ms : ms;
    return () => {
      this.#delayMs = undefined;
    };
  }

  /** Keeps events back until the returned function lets them go in the order that it makes. */
  hold(): (reorder?: (events: Happening[]) => Happening[]) => void {
    const held: Happening[] = [];
    this.#held = held;
    return (reorder = (events) => events) => {
      if (this.#held === held) this.#held = undefined;
      for (const happening of reorder(held.splice(0))) this.send(happening);
    };
  }

  /** Events that are kept back. */
  get held(): readonly Happening[] {
    return this.#held ?? [];
  }

  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  #carry(happening: Happening): void {
    const delayMs = this.#delayMs?.(happening) ?? 0;
    if (delayMs <= 0) {
      this.#bring(happening);
      return;
    }
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#bring(happening);
    }, delayMs);
    this.#timers.add(timer);
  }
}

import type { DispatchedEvent } from './protocol.ts';

/** Carries what happens to the sessions; on demand twice, late or in another order. */
export class EventDelivery {
  readonly #bring: (happening: DispatchedEvent) => void;
  readonly #timers = new Set<NodeJS.Timeout>();
  #held: DispatchedEvent[] | undefined;
  #duplicating = false;
  #delayMs: ((happening: DispatchedEvent) => number) | undefined;

  constructor(bring: (happening: DispatchedEvent) => void) {
    this.#bring = bring;
  }

  send(happening: DispatchedEvent): void {
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
  delay(ms: number | ((happening: DispatchedEvent) => number)): () => void {
    this.#delayMs = typeof ms === 'number' ? () => ms : ms;
    return () => {
      this.#delayMs = undefined;
    };
  }

  /** Keeps events back until the returned function lets them go in the order that it makes. */
  hold(): (reorder?: (events: DispatchedEvent[]) => DispatchedEvent[]) => void {
    const held: DispatchedEvent[] = [];
    this.#held = held;
    return (reorder = (events) => events) => {
      if (this.#held === held) this.#held = undefined;
      for (const happening of reorder(held.splice(0))) this.send(happening);
    };
  }

  /** Events that are kept back. */
  get held(): readonly DispatchedEvent[] {
    return this.#held ?? [];
  }

  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  #carry(happening: DispatchedEvent): void {
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

import type { DispatchedEvent } from './protocol.ts';

/** Carries what happens to the sessions; on demand twice, late or in another order. */
export class EventDelivery {
  readonly #bring: (event: DispatchedEvent) => void;
  readonly #timers = new Set<NodeJS.Timeout>();
  #held: DispatchedEvent[] | undefined;
  #duplicating = false;
  #delayMs: ((event: DispatchedEvent) => number) | undefined;

  constructor(bring: (event: DispatchedEvent) => void) {
    this.#bring = bring;
  }

  send(event: DispatchedEvent): void {
    if (this.#held !== undefined) {
      this.#held.push(event);
      return;
    }
    this.#carry(event);
    if (this.#duplicating) this.#carry(event);
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
  delay(ms: number | ((event: DispatchedEvent) => number)): () => void {
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
      for (const event of reorder(held.splice(0))) this.send(event);
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

  #carry(event: DispatchedEvent): void {
    const delayMs = this.#delayMs?.(event) ?? 0;
    if (delayMs <= 0) {
      this.#bring(event);
      return;
    }
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#bring(event);
    }, delayMs);
    this.#timers.add(timer);
  }
}

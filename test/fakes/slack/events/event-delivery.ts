import type { Settings } from '../options.ts';
import { nowMs } from '../timestamps.ts';
import type { ConditionWaiter } from '../../condition-waiter.ts';
import type { Payload } from './payloads.ts';

/** One try to bring an event to the app. */
interface Attempt {
  readonly at: number;
  /** Undefined while it is under way; `acked`, or why it was not. */
  outcome: string | undefined;
  /** From sending to the acknowledgement, in milliseconds; after a late one, too. */
  ackedAfterMs: number | undefined;
}

/** An event on its way to the app. */
export interface Delivery {
  readonly id: string;
  /** Such as `app_mention` or `message`. */
  readonly type: string;
  /** Undefined once it arrived or was lost while texts are not kept. */
  payload: Payload | undefined;
  readonly attempts: Attempt[];
  acked: boolean;
  /** Slack gave up on it. */
  lost: boolean;
}

export interface Retry {
  /** 0 for the first attempt. */
  readonly number: number;
  readonly reason: string;
}

/** A way to the app. */
export interface Transport {
  /**
   * Sends it once. Resolves to why it was not acknowledged within `ackWithinMs`, or to undefined;
   * `late` is called for an acknowledgement that comes after that.
   */
  deliver(
    payload: Payload,
    retry: Retry,
    ackWithinMs: number,
    late: () => void,
  ): Promise<string | undefined>;
}

/** Brings events to the app, and brings them again when they were not acknowledged. */
export class EventDelivery {
  readonly deliveries: Delivery[] = [];
  transport: Transport;
  readonly #settings: Settings;
  readonly #watch: ConditionWaiter;
  readonly #timers = new Set<NodeJS.Timeout>();
  #held: Payload[] | undefined;
  #toDuplicate = 0;
  #closed = false;

  constructor(transport: Transport, settings: Settings, watch: ConditionWaiter) {
    this.transport = transport;
    this.#settings = settings;
    this.#watch = watch;
  }

  send(payload: Payload): void {
    if (this.#held !== undefined) {
      this.#held.push(payload);
      this.#watch.check();
      return;
    }
    void this.#bring(payload);
    if (this.#toDuplicate === 0) return;
    this.#toDuplicate -= 1;
    void this.#bring(payload);
  }

  /** Does something after so many milliseconds, unless this is closed before. */
  later(ms: number, work: () => void): void {
    void this.#pause(ms).then(work);
  }

  /** The next events are brought twice, with the same event id. */
  duplicateNext(events: number): void {
    this.#toDuplicate += events;
  }

  /** Keeps events back until the returned function lets them go in the order that it makes. */
  hold(): (reorder?: (events: Payload[]) => Payload[]) => void {
    const held: Payload[] = [];
    this.#held = held;
    return (reorder = (events) => events) => {
      if (this.#held === held) this.#held = undefined;
      for (const payload of reorder(held.splice(0))) this.send(payload);
    };
  }

  /** Events that are kept back. */
  get held(): readonly Payload[] {
    return this.#held ?? [];
  }

  close(): void {
    this.#closed = true;
    for (const timer of this.#timers) clearTimeout(timer);
  }

  async #bring(payload: Payload): Promise<void> {
    const delivery = this.#deliveryOf(payload);
    const { retryAfterMs, ackWithinMs } = this.#settings.redelivery;
    let reason = '';
    for (let number = 0; number <= retryAfterMs.length; number += 1) {
      if (number > 0) await this.#pause(retryAfterMs[number - 1]!);
      if (this.#closed || delivery.acked) break;
      const attempt: Attempt = { at: nowMs(), outcome: undefined, ackedAfterMs: undefined };
      delivery.attempts.push(attempt);
      this.#watch.check();
      const acked = (): void => {
        delivery.acked = true;
        attempt.ackedAfterMs = nowMs() - attempt.at;
        this.#watch.check();
      };
      const missed = await this.transport.deliver(payload, { number, reason }, ackWithinMs, acked);
      attempt.outcome = missed ?? 'acked';
      if (missed === undefined) acked();
      else reason = missed;
      if (missed === 'no retry wanted') break;
    }
    delivery.lost = !delivery.acked;
    if (!this.#settings.keepTexts) delivery.payload = undefined;
    this.#watch.check();
  }

  #deliveryOf(payload: Payload): Delivery {
    const event = (payload['event'] ?? payload) as Payload;
    const delivery: Delivery = {
      id: textOf(payload['event_id']),
      type: textOf(event['type']),
      payload,
      attempts: [],
      acked: false,
      lost: false,
    };
    this.deliveries.push(delivery);
    return delivery;
  }

  #pause(ms: number): Promise<void> {
    if (this.#closed || ms === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#timers.delete(timer);
        resolve();
      }, ms);
      this.#timers.add(timer);
    });
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

import type { Log } from '../../../core/ports/log.ts';
import type { JsonRecord } from '../../../core/foreign-data.ts';
import type { EventHandler } from './event-handler.ts';

/** What is being taken in may end for so long before it is left to Slack's next delivery. */
const graceMs = 3_000;

/** Where events come in, by whatever way: open while there is somebody to listen. */
export class EventReceiver {
  readonly #log: Log;
  readonly #inHand = new Set<Promise<void>>();
  #listener: EventHandler | undefined;

  constructor(log: Log) {
    this.#log = log;
  }

  open(listener: EventHandler): void {
    this.#listener = listener;
  }

  /** Resolves once the event may be acknowledged; throws if it must be delivered again. */
  readonly receive = async (body: JsonRecord): Promise<void> => {
    if (this.#listener === undefined) throw new Error('no events are taken in now');
    const work = this.#listener.handle(body);
    this.#inHand.add(work);
    try {
      await work;
    } catch (error) {
      this.#log.warn({ err: error }, 'slack event not taken in');
      throw error;
    } finally {
      this.#inHand.delete(work);
    }
  };

  /** Takes nothing more in; resolves when what is in hand is done, or after a while. */
  async close(): Promise<void> {
    this.#listener?.flush();
    this.#listener = undefined;
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(() => late.resolve(), graceMs);
    await Promise.race([Promise.allSettled(this.#inHand), late.promise]);
    clearTimeout(timer);
  }
}

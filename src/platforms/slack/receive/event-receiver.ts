// Tested by test/contract/platform/slack.test.ts
import { asList, asRecord, asText, type JsonRecord } from '../../../core/foreign-data.ts';
import type { Log } from '../../../core/ports/log.ts';
import type { ReadPositions } from '../../common/read-positions.ts';
import { positionKey, tsAt, workspaceKey } from '../history/catch-up.ts';
import type { EventHandler } from './event-handler.ts';

/** Time in which events that are being handled may end before Slack has to deliver them again, in ms. */
const closeGraceMs = 3_000;

/**
 * After this time Slack has given up an event that was not acknowledged, in ms: it delivers it again
 * at once, after 1 min and after 5 min (docs.slack.dev/apis/events-api#retries).
 */
const givenUpMs = 6 * 60_000;
/** Number of events that are remembered as not stored: of more, the first tell since when to read. */
const maxUnstored = 10_000;

/** Receives events, by whatever way they come in, while a handler is attached. */
export class EventReceiver {
  readonly #positions: ReadPositions;
  readonly #log: Log;
  readonly #inHand = new Set<Promise<void>>();
  #handler: EventHandler | undefined;
  /** The workspace that the read positions are of. */
  #team = '';
  #readAgain: (sinceMs: number) => void = () => undefined;
  /** Time of the first failure of each event that could not be stored, in ms since the epoch. */
  readonly #unstored = new Map<string, number>();

  constructor(options: { positions: ReadPositions; log: Log }) {
    this.#positions = options.positions;
    this.#log = options.log;
  }

  /**
   * @param readAgain reads what was written since then, in ms since the epoch: called once events can
   *   be stored again, if Slack has given up some that could not be
   */
  open(handler: EventHandler, team: string, readAgain: (sinceMs: number) => void): void {
    this.#handler = handler;
    this.#team = team;
    this.#readAgain = readAgain;
  }

  /** Resolves once the event may be acknowledged; throws if it must be delivered again. */
  readonly receive = async (body: JsonRecord): Promise<void> => {
    if (this.#handler === undefined) throw new Error('no events are received now');
    const note = this.#holdPosition(body);
    const work = this.#handler.handle(body);
    this.#inHand.add(work);
    try {
      await work;
      note(true);
    } catch (error) {
      this.#log.warn({ err: error }, 'Slack event not stored');
      note(false);
      throw error;
    } finally {
      this.#inHand.delete(work);
    }
  };

  /** Receives nothing more; resolves when what is being handled is done, or after a while. */
  async close(): Promise<void> {
    this.#handler?.flush();
    this.#handler = undefined;
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(() => late.resolve(), closeGraceMs);
    await Promise.race([Promise.allSettled(this.#inHand), late.promise]);
    clearTimeout(timer);
  }

  /**
   * Holds the read position of a message's channel while it is handled. Slack may give up the delivery
   * of what is not stored: then it is read again once the store is back, or at the next start.
   */
  #holdPosition(body: JsonRecord): (isStored: boolean) => void {
    const { type, channel, ts } = asRecord(body['event']);
    const [id, at] = [asText(channel), asText(ts)];
    const isMessage = type === 'message' || type === 'app_mention';
    if (!isMessage || id === undefined || at === undefined || !/^\d{10}\.\d{6}$/.test(at)) {
      return () => undefined;
    }
    const positions = this.#positions;
    const keys = [positionKey(this.#team, id), workspaceKey(this.#team)];
    const teams = [body, ...asList(body['authorizations']).map(asRecord)];
    const isOurs = teams.some(({ team_id: team }) => team === this.#team);
    for (const key of keys) positions.holdLive(key, tsAt(Number(at) * 1_000 - 1));
    const event = `${id}/${at}`;
    return (isStored) => {
      if (isStored) this.#noteStored(event);
      else if (this.#unstored.size < maxUnstored && !this.#unstored.has(event)) {
        this.#unstored.set(event, Date.now());
      }
      for (const key of keys) {
        if (isStored && isOurs) positions.advance(key, at);
        positions.release(key, isStored);
      }
    };
  }

  #noteStored(event: string): void {
    this.#unstored.delete(event);
    const [oldestMs] = this.#unstored.values();
    if (oldestMs === undefined || Date.now() - oldestMs < givenUpMs) return;
    this.#unstored.clear();
    this.#readAgain(oldestMs);
  }
}

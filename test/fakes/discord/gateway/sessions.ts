import type { Connection } from './connection.ts';
import type { GatewayRecord } from './gateway-record.ts';
import { shownTo } from './intents.ts';
import type { GatewaySettings } from './options.ts';
import { type DispatchedEvent, type Shard, endsSession } from './protocol.ts';
import { Session } from './session.ts';

/** Every session that is connected, or could still be resumed. */
export class Sessions {
  readonly #sessions = new Map<string, Session>();
  readonly #settings: GatewaySettings;
  readonly #record: GatewayRecord;
  readonly #botId: string;

  constructor(settings: GatewaySettings, record: GatewayRecord, botId: string) {
    this.#settings = settings;
    this.#record = record;
    this.#botId = botId;
  }

  get connected(): number {
    return this.#all().filter(({ connection }) => connection !== undefined).length;
  }

  begin(shard: Shard, intents: number, connection: Connection): Session {
    const session = new Session(shard, intents, connection);
    connection.session = session;
    this.#sessions.set(session.id, session);
    return session;
  }

  find(id: unknown): Session | undefined {
    return typeof id === 'string' ? this.#sessions.get(id) : undefined;
  }

  /** The session goes on over this connection; another one that it had is closed. */
  attach(session: Session, connection: Connection): void {
    clearTimeout(session.expiry);
    const former = session.connection;
    session.connection = connection;
    connection.session = session;
    if (former === undefined || former === connection) return;
    former.session = undefined;
    former.drop();
  }

  /** A connection is gone: its session waits to be resumed, unless it was ended. */
  closed(connection: Connection, code: number, by: 'client' | 'gateway'): void {
    const { session } = connection;
    connection.session = undefined;
    if (session === undefined || session.connection !== connection) return;
    if (endsSession(code, by)) this.end(session);
    else this.detach(session);
  }

  /** The session has no connection for now. */
  detach(session: Session): void {
    if (session.connection !== undefined) session.connection.session = undefined;
    session.connection = undefined;
    clearTimeout(session.expiry);
    session.expiry = setTimeout(() => this.end(session), this.#settings.resumeWithinMs);
  }

  /** It cannot be resumed any more, and what it had not been sent is lost. */
  end(session: Session): void {
    clearTimeout(session.expiry);
    if (session.connection !== undefined) session.connection.session = undefined;
    session.connection = undefined;
    this.#sessions.delete(session.id);
  }

  /** Ends those that are disconnected, as if their time were over. */
  expire(): void {
    for (const session of this.#all()) if (session.connection === undefined) this.end(session);
  }

  tell(event: DispatchedEvent): void {
    const told = this.#all().filter((session) => session.wants(event));
    for (const session of told) {
      session.send(event.t, shownTo(session.intents, this.#botId, event));
    }
    this.#record.events.push({
      at: performance.now(),
      t: event.t,
      channelId: event.channelId,
      sessions: told.length,
      kept: told.filter(({ connection }) => connection === undefined).length,
    });
  }

  stop(): void {
    for (const session of this.#all()) this.end(session);
  }

  #all(): Session[] {
    return [...this.#sessions.values()];
  }
}

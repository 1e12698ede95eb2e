import type { GatewayState } from '../discord-state.ts';
import type { Connection, ConnectionHandler } from './connection.ts';
import type { GatewayRecord } from './gateway-record.ts';
import { identificationOf } from './identification.ts';
import { hasGuilds } from './intents.ts';
import type { GatewaySettings } from './options.ts';
import { type Shard, closeCode, isOnShard, op } from './protocol.ts';
import type { Session } from './session.ts';
import type { Sessions } from './sessions.ts';
import type { StartLimiter } from './session-start-limit.ts';

/** What the front desk works with. */
export interface HandshakeParts {
  readonly settings: GatewaySettings;
  readonly world: GatewayState;
  readonly sessions: Sessions;
  readonly starts: StartLimiter;
  readonly record: GatewayRecord;
  /** Where a session is to be resumed. */
  readonly url: () => string;
}

/** Lets clients in: starts sessions, resumes them, and answers heartbeats. */
export class Handshake implements ConnectionHandler {
  /** What clients have to show. */
  token: string;
  /** Heartbeats are heard and not acknowledged. */
  swallowingAcks = false;
  readonly #parts: HandshakeParts;

  constructor(token: string, parts: HandshakeParts) {
    this.token = token;
    this.#parts = parts;
  }

  get eventsPerMinute(): number {
    return this.#parts.settings.eventsPerMinute;
  }

  greet(connection: Connection): void {
    const { heartbeatIntervalMs } = this.#parts.settings;
    connection.send({ op: op.hello, d: { heartbeat_interval: heartbeatIntervalMs, _trace: [] } });
  }

  identify(connection: Connection, d: unknown): void {
    const { world, starts, sessions, record } = this.#parts;
    const { shard, intents, refusal } = identificationOf(d, {
      token: this.token,
      portal: { messageContent: world.messageContentAllowed },
      guilds: world.readyGuilds().length,
    });
    const outcome = refusal ?? this.#startOf(starts.take(shard[0]));
    const session = outcome === 'ready' ? sessions.begin(shard, intents, connection) : undefined;
    record.identifies.push({
      at: performance.now(),
      shard,
      intents,
      outcome,
      session: session?.id,
    });
    if (session !== undefined) this.#begin(session);
    else if (outcome === 'invalid') connection.send({ op: op.invalidSession, d: false });
    else if (outcome !== 'ready') connection.close(outcome, reasons.get(outcome));
  }

  resume(connection: Connection, d: unknown): void {
    const { sessions, record } = this.#parts;
    const { token, session_id: id, seq } = (d ?? {}) as Record<string, unknown>;
    const session = sessions.find(id);
    const missed = session?.since(Number(seq));
    const done = (outcome: 'resumed' | 'invalid' | number): void => {
      const replayed = outcome === 'resumed' ? (missed?.length ?? 0) : 0;
      const asked = { session: String(id), seq: Number(seq) };
      record.resumes.push({ at: performance.now(), ...asked, outcome, replayed });
    };
    if (typeof token !== 'string' || token !== this.token) {
      done(closeCode.authenticationFailed);
      connection.close(closeCode.authenticationFailed, reasons.get(4004));
    } else if (session === undefined) {
      done('invalid');
      connection.send({ op: op.invalidSession, d: false });
    } else if (missed === undefined) {
      done(closeCode.invalidSeq);
      sessions.end(session);
      connection.close(closeCode.invalidSeq, 'Invalid seq.');
    } else {
      done('resumed');
      sessions.attach(session, connection);
      for (const payload of missed) connection.send(payload);
      session.send('RESUMED', { _trace: [] });
    }
  }

  heartbeat(connection: Connection, d: unknown): void {
    const seq = typeof d === 'number' ? d : null;
    const { session } = connection;
    session?.confirm(seq);
    this.#parts.record.heartbeats.push({
      at: performance.now(),
      session: session?.id,
      seq,
      acked: !this.swallowingAcks,
    });
    if (!this.swallowingAcks) connection.send({ op: op.heartbeatAck });
  }

  requestMembers(session: Session, d: unknown): void {
    const { guild_id, nonce } = (d ?? {}) as Record<string, unknown>;
    const chunk = { guild_id, members: [], not_found: [], chunk_index: 0, chunk_count: 1 };
    session.send('GUILD_MEMBERS_CHUNK', { ...chunk, ...(nonce === undefined ? {} : { nonce }) });
  }

  closed(connection: Connection, code: number, by: 'client' | 'gateway'): void {
    const session = connection.session?.id;
    this.#parts.record.closes.push({ at: performance.now(), code, by, session });
    this.#parts.sessions.closed(connection, code, by);
  }

  #startOf(taken: ReturnType<StartLimiter['take']>): 'ready' | 'invalid' | number {
    if (taken === 'taken') return 'ready';
    if (taken === 'too soon') return 'invalid';
    // Discord resets the token of a bot that identifies too often.
    this.token = `reset-${crypto.randomUUID()}`;
    return closeCode.authenticationFailed;
  }

  #begin(session: Session): void {
    const { world, url } = this.#parts;
    const { shard, intents } = session;
    session.send('READY', {
      v: 10,
      user: world.botUser(),
      guilds: world.readyGuilds().filter(({ id }) => isOnShard(shard, id)),
      session_id: session.id,
      session_type: 'normal',
      resume_gateway_url: url(),
      application: world.application,
      shard,
      private_channels: [],
      relationships: [],
      presences: [],
      _trace: [],
    });
    if (!hasGuilds(intents)) return;
    for (const guild of guildsOf(world, shard)) session.send('GUILD_CREATE', guild);
  }
}

function guildsOf(world: GatewayState, shard: Shard): object[] {
  return world.guildCreates().filter((guild) => isOnShard(shard, (guild as { id: string }).id));
}

/** Discord's own words. */
const reasons = new Map<number, string>([
  [closeCode.decodeError, 'Error while decoding payload.'],
  [closeCode.authenticationFailed, 'Authentication failed.'],
  [closeCode.invalidShard, 'Invalid shard.'],
  [closeCode.shardingRequired, 'Sharding required.'],
  [closeCode.invalidIntents, 'Invalid intent(s).'],
  [closeCode.disallowedIntents, 'Disallowed intent(s).'],
]);

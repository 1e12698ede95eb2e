import type { Server } from 'node:http';
import type { WebSocket } from 'ws';
import type { GatewayState } from '../discord-state.ts';
import { Connection } from './connection.ts';
import { EventDelivery } from './event-delivery.ts';
import { WebSocketEndpoint, type ConnectionRefusal } from './websocket-endpoint.ts';
import { Handshake } from './handshake.ts';
import type { GatewayPort } from './gateway-port.ts';
import { GatewayRecord } from './gateway-record.ts';
import { type GatewayOptions, type GatewaySettings, gatewaySettingsOf } from './options.ts';
import { op } from './protocol.ts';
import type { Session } from './session.ts';
import { Sessions } from './sessions.ts';
import { type SessionStartLimit, StartLimiter } from './session-start-limit.ts';

/** Discord's gateway, version 10: tells bots what happens, and misbehaves on demand. */
export class Gateway implements GatewayPort {
  /** May be changed at any time; counts for what comes after. */
  readonly settings: GatewaySettings;
  readonly record = new GatewayRecord();
  /** To hold events back, to bring them twice, late or in another order. */
  readonly events: EventDelivery;
  readonly #connections = new Set<Connection>();
  readonly #sessions: Sessions;
  readonly #starts: StartLimiter;
  readonly #endpoint: WebSocketEndpoint;
  readonly #handshake: Handshake;

  constructor(parts: {
    readonly server: Server;
    readonly token: string;
    readonly bot: { readonly id: string };
    readonly world: GatewayState;
    readonly options?: GatewayOptions | undefined;
  }) {
    const { server, token, bot, world } = parts;
    const { record } = this;
    this.settings = gatewaySettingsOf(parts.options);
    this.#sessions = new Sessions(this.settings, record, bot.id);
    this.#starts = new StartLimiter(this.settings);
    this.events = new EventDelivery((event) => this.#sessions.tell(event));
    this.#endpoint = new WebSocketEndpoint(
      server,
      (socket) => this.#onConnection(socket),
      () => {
        record.refused += 1;
      },
    );
    this.#handshake = new Handshake(token, {
      settings: this.settings,
      world,
      sessions: this.#sessions,
      starts: this.#starts,
      record,
      url: () => this.url,
    });
  }

  get url(): string {
    return this.settings.url ?? this.#endpoint.url;
  }

  get sessions(): number {
    return this.#sessions.connected;
  }

  /** For `GET /gateway/bot`, beside `url` and `settings.shards`. */
  get sessionStartLimit(): SessionStartLimit {
    return this.#starts.state;
  }

  /** What clients have to show; changed when the owner, or Discord, resets it. */
  get token(): string {
    return this.#handshake.token;
  }

  set token(token: string) {
    this.#handshake.token = token;
  }

  /** How many are open. */
  get connections(): number {
    return this.#connections.size;
  }

  dispatch(t: string, d: object, options: { guildId?: string; channelId?: string } = {}): void {
    this.events.send({ t, d, guildId: options.guildId, channelId: options.channelId });
  }

  /** Ends every connection: with a close code, or abruptly. Sessions can be resumed after most. */
  drop(code?: number): void {
    for (const connection of this.#connections) {
      if (code === undefined) connection.drop();
      else connection.close(code);
    }
  }

  /** Turns new connections away until the returned function lets them in again. */
  refuse(by: ConnectionRefusal = 'reset'): () => void {
    this.#endpoint.refusing = by;
    return () => {
      this.#endpoint.refusing = undefined;
    };
  }

  /**
   * Connections stay open and say nothing any more, heartbeats included. `deaf`, as behind a cut
   * cable, they do not even answer when the client closes them. With `shard`, only that one's.
   */
  zombify(options: { readonly deaf?: boolean; readonly shard?: number } = {}): void {
    const { deaf = false, shard } = options;
    for (const connection of this.#connections) {
      if (shard === undefined || connection.session?.shard[0] === shard) connection.mute(deaf);
    }
  }

  /** Heartbeats go unacknowledged until the returned function ends it; events still come. */
  swallowAcks(): () => void {
    this.#handshake.swallowingAcks = true;
    return () => {
      this.#handshake.swallowingAcks = false;
    };
  }

  /** Asks clients for a heartbeat at once. */
  requestHeartbeats(): void {
    for (const connection of this.#connections) connection.send({ op: op.heartbeat, d: null });
  }

  /** Asks clients to connect anew, and to resume. */
  requestReconnect(): void {
    for (const connection of this.#connections) connection.send({ op: op.reconnect, d: null });
  }

  /** Tells clients that their session is invalid: to be resumed, or lost with what it missed. */
  invalidate(options: { readonly resumable: boolean }): void {
    for (const connection of this.#connections) {
      const { session } = connection;
      if (session !== undefined) this.#letGo(session, options.resumable);
      connection.send({ op: op.invalidSession, d: options.resumable });
    }
  }

  /** Sessions that are disconnected cannot be resumed any more, and what they missed is lost. */
  expireSessions(): void {
    this.#sessions.expire();
  }

  /** Any text, straight to every connection, outside of all sessions. */
  sendText(text: string): void {
    for (const connection of this.#connections) connection.sendText(text);
  }

  async stop(): Promise<void> {
    this.events.stop();
    await this.#endpoint.stop();
    this.#sessions.stop();
  }

  #letGo(session: Session, resumable: boolean): void {
    if (resumable) this.#sessions.detach(session);
    else this.#sessions.end(session);
  }

  #onConnection(socket: WebSocket): void {
    const connection = new Connection(socket, this.#handshake);
    this.#connections.add(connection);
    socket.on('close', () => this.#connections.delete(connection));
    this.#handshake.greet(connection);
  }
}

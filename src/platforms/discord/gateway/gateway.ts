import { type Client, Status } from 'discord.js';
import { backoffMs, retry, withDeadline } from '../../../core/timing.ts';
import { asRecord, asList, asText } from '../../../core/foreign-data.ts';
import type { Log } from '../../../core/ports/log.ts';
import { createGatewayClient } from './gateway-client.ts';
import {
  messageContentNotAllowed,
  type BotIdentity,
  tokenNotAccepted,
} from '../api/identify-bot.ts';
import type { ReadableChannel } from '../history/catch-up.ts';
import { type ReadableChannelEvent, ReadableChannels } from './readable-channels.ts';
import { idAt, isSnowflake } from '../api/snowflake.ts';

/** The client library notices a dead connection within two heartbeats, which is 83 s. */
const defaultSilenceMs = 180_000;
/** Connecting may take so long, with many shards; after that it begins anew. */
const loginMs = 10 * 60_000;
/** A connection that is closed and does not answer is left to itself after so long. */
const closeMs = 2_000;
const slowestRetryMs = 60_000;

/** Channels with messages of their own: text, voice, announcements, threads, stages. */
const withMessages = new Set<unknown>([0, 2, 5, 10, 11, 12, 13]);

const closeCodes = { authenticationFailed: 4004, disallowedIntents: 4014 } as const;

export interface GatewayOptions {
  readonly token: string;
  readonly apiUrl?: string;
  readonly bot: BotIdentity;
  readonly log: Log;
  /** Silence after which the connection is taken for dead, in ms; 3 minutes. */
  readonly silenceMs?: number;
  /** Between two sessions that begin, in milliseconds; a little more than Discord's 5 s. */
  readonly identifyEveryMs?: number;
  /** An event, such as `READY` or `MESSAGE_CREATE`. */
  readonly onEvent: (type: string, payload: unknown) => void;
  /** A guild is there, after a start or an outage, with what may be read in it. */
  readonly onGuild: (channels: readonly ReadableChannel[]) => void;
  readonly onChannelsReadable: (channels: readonly ReadableChannelEvent[]) => void;
  /** No events come in any more, and that will not pass by itself. */
  readonly onFatal: (error: Error) => void;
}

/** Discord's gateway: the connections by which events come in. */
export class Gateway {
  readonly #options: GatewayOptions;
  #client: Client | undefined;
  #connected = false;
  /** Why Discord closed the connection for good. */
  #closed: Error | undefined;
  /** The last sign of life of each shard, on the clock of `performance.now()`. */
  readonly #lastEventAt = new Map<number, number>();
  /** When each shard's last heartbeat was answered, as the client tells. */
  readonly #beats = new Map<number, number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: GatewayOptions) {
    this.#options = options;
  }

  /**
   * Connects, and tries on and on while Discord does not answer. Throws `BadConfiguration` if
   * Discord will not have it, and the signal's reason.
   */
  async start(signal: AbortSignal): Promise<void> {
    const { token, log, silenceMs = defaultSilenceMs } = this.#options;
    await retry(
      // A client that failed cannot be used again: it would not end when it is told to.
      () => {
        const client = this.#newClient();
        return withDeadline(loginMs, signal, () => client.login(token)).catch(
          async (error: unknown) => {
            await this.stop();
            throw error;
          },
        );
      },
      (error, tries) => {
        if (this.#closed !== undefined) throw this.#closed;
        if (asRecord(error)['code'] === 'TokenInvalid') throw tokenNotAccepted({ cause: error });
        log.warn({ err: error, tries }, 'Discord’s gateway does not answer');
        return backoffMs(tries, 1_000, slowestRetryMs);
      },
      signal,
    );
    this.#connected = true;
    this.#lastEventAt.clear();
    this.#timer = setInterval(() => this.#ensureReceiving(silenceMs), Math.ceil(silenceMs / 12));
  }

  /** Whether events come in at this moment, on one shard at least. */
  get isReceiving(): boolean {
    return this.#client?.ws.shards.some(({ status }) => status === Status.Ready) === true;
  }

  /** No event is handed over from now on. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    const client = this.#client;
    this.#client = undefined;
    if (client === undefined) return;
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(() => late.resolve(), closeMs);
    await Promise.race([client.destroy(), late.promise]);
    clearTimeout(timer);
  }

  #newClient(): Client {
    const { log, bot, onEvent, onChannelsReadable, apiUrl, identifyEveryMs } = this.#options;
    const client = createGatewayClient({
      ...(apiUrl === undefined ? {} : { apiUrl }),
      ...(identifyEveryMs === undefined ? {} : { identifyEveryMs }),
    });
    this.#client = client;
    const readable = new ReadableChannels(client, {
      botId: bot.id,
      log,
      onOpened: onChannelsReadable,
    });
    client.on('raw', (packet: unknown, shard: number) => {
      const { t: type, d: payload } = asRecord(packet);
      this.#lastEventAt.set(shard, performance.now());
      readable.skipEvent(packet);
      if (typeof type !== 'string') return;
      // A moment later the client has its own picture of a guild, with the permissions.
      queueMicrotask(() => {
        if (this.#client !== client) return;
        onEvent(type, payload);
        if (type === 'GUILD_CREATE') this.#reportGuild(readable, payload);
      });
    });
    client.on('shardResume', (shard, replayed) =>
      log.info({ shard, replayed }, 'discord connection resumed'),
    );
    client.on('shardReconnecting', (shard) => log.info({ shard }, 'discord connection lost'));
    client.on('shardError', (error, shard) =>
      log.warn({ err: error, shard }, 'discord connection'),
    );
    client.on('error', (error) => log.warn({ err: error }, 'discord client'));
    client.on('warn', (message) => log.debug({ message }, 'discord client'));
    client.on('shardDisconnect', ({ code }) => {
      this.#closed = this.#whyClosed(code);
      if (this.#connected) this.#options.onFatal(this.#closed);
    });
    return client;
  }

  #whyClosed(code: number): Error {
    if (code === closeCodes.authenticationFailed) return tokenNotAccepted();
    if (code === closeCodes.disallowedIntents) {
      return messageContentNotAllowed(this.#options.bot.application);
    }
    return new Error(`Discord closed the connection for good (code ${code})`);
  }

  #reportGuild(readable: ReadableChannels, payload: unknown): void {
    const fields = asRecord(payload);
    const { id: guild } = fields;
    if (!isSnowflake(guild)) return;
    const joinedAt = Date.parse(asText(fields['joined_at']) ?? '');
    const joined = Number.isNaN(joinedAt) ? {} : { joined: idAt(joinedAt) };
    const channels = [...asList(fields['channels']), ...asList(fields['threads'])]
      .map(asRecord)
      .flatMap(({ id, type, last_message_id: newest, parent_id: parent }): ReadableChannel[] => {
        if (!isSnowflake(id) || !withMessages.has(type) || !readable.mayRead(id)) return [];
        return [
          {
            id,
            guild,
            ...joined,
            ...(isSnowflake(newest) ? { newest } : {}),
            ...(isSnowflake(parent) ? { parent } : {}),
          },
        ];
      });
    this.#options.onGuild(channels);
  }

  /** A connection may look alive and bring nothing; one of many is enough. */
  #ensureReceiving(silenceMs: number): void {
    const now = performance.now();
    for (const { id, lastPingTimestamp: beat } of this.#client?.ws.shards.values() ?? []) {
      if (beat !== this.#beats.get(id) || !this.#lastEventAt.has(id))
        this.#lastEventAt.set(id, now);
      this.#beats.set(id, beat);
      const silentMs = now - (this.#lastEventAt.get(id) ?? now);
      if (silentMs < silenceMs) continue;
      clearInterval(this.#timer);
      const seconds = Math.round(silentMs / 1_000);
      this.#options.onFatal(new Error(`nothing was heard of Discord for ${seconds} s`));
      return;
    }
  }
}

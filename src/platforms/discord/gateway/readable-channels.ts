// Tested by test/integration/discord-gateway.test.ts
import { type Client, PermissionFlagsBits } from 'discord.js';
import { asList, asRecord } from '../../../core/foreign-data.ts';
import type { Log } from '../../../core/ports/log.ts';
import { isSnowflake } from '../api/snowflake.ts';

/** Events that permissions depend on; the client library is spared all others. */
const neededEvents = new Set<unknown>([
  'READY',
  'RESUMED',
  'GUILD_CREATE',
  'GUILD_UPDATE',
  'GUILD_DELETE',
  'GUILD_ROLE_CREATE',
  'GUILD_ROLE_UPDATE',
  'GUILD_ROLE_DELETE',
  'GUILD_MEMBER_UPDATE',
  'CHANNEL_CREATE',
  'CHANNEL_UPDATE',
  'CHANNEL_DELETE',
]);

const neededPermissions = [PermissionFlagsBits.ViewChannel, PermissionFlagsBits.ReadMessageHistory];

/** A channel that may be read from now on, and might not before. */
export interface ReadableChannelEvent {
  readonly id: string;
  /** The newest message in it, where the event tells. */
  readonly newest?: string;
}

/** Where the client library takes an event in; private there, so that its types do not tell. */
interface PacketHandler {
  handlePacket(packet?: unknown, shard?: unknown): boolean;
}

/**
 * The client library's own picture of guilds, for what may be read in them. It reads what events
 * tell and believes it: one odd field would end the process.
 */
export class ReadableChannels {
  readonly #client: Client;
  readonly #botId: string;
  /** Channels that may not be read. */
  readonly #shut = new Set<string>();

  constructor(
    client: Client,
    options: {
      botId: string;
      log: Log;
      onOpened: (channels: readonly ReadableChannelEvent[]) => void;
    },
  ) {
    const { botId, log, onOpened } = options;
    this.#client = client;
    this.#botId = botId;
    const taker = client.ws as unknown as PacketHandler;
    const take = taker.handlePacket.bind(taker);
    taker.handlePacket = (packet, shard) => {
      if (packet !== undefined && asRecord(packet)['t'] === null) return false;
      try {
        const isTaken = take(packet, shard);
        const opened = isTaken ? this.#opened(packet) : [];
        if (opened.length > 0) onOpened(opened);
        return isTaken;
      } catch (error) {
        log.warn({ err: error, type: asRecord(packet)['t'] }, 'Discord event malformed');
        return false;
      }
    };
  }

  /** Before the library looks at an event: takes from it what it need not see. */
  skipEvent(packet: unknown): void {
    const { t: type, d: payload } = asRecord(packet);
    const isWhole = typeof payload === 'object' && payload !== null;
    if (isWhole && neededEvents.has(type)) return;
    Object.assign(asRecord(packet), { t: null });
  }

  mayRead(id: string): boolean {
    const channel = this.#client.channels.cache.get(id);
    if (channel === undefined || channel.isDMBased()) return false;
    return channel.permissionsFor(this.#botId)?.has(neededPermissions) === true;
  }

  /** Channels that may be read after this event, and might not before. */
  #opened(packet: unknown): ReadableChannelEvent[] {
    const { t: type, d: payload } = asRecord(packet);
    const { guild_id: guild, channels, user } = asRecord(payload);
    switch (type) {
      case 'GUILD_CREATE':
        return this.#look(asList(channels));
      case 'CHANNEL_UPDATE':
        return this.#look([payload]);
      case 'GUILD_MEMBER_UPDATE':
        return asRecord(user)['id'] === this.#botId ? this.#lookAll(guild) : [];
      case 'GUILD_ROLE_UPDATE':
      case 'GUILD_ROLE_DELETE':
        return this.#lookAll(guild);
      default:
        return [];
    }
  }

  #lookAll(guild: unknown): ReadableChannelEvent[] {
    const known = isSnowflake(guild) ? this.#client.guilds.cache.get(guild) : undefined;
    const channels = [...(known?.channels.cache.values() ?? [])];
    return this.#look(channels.filter((one) => !one.isThread()).map(({ id }) => ({ id })));
  }

  #look(channels: readonly unknown[]): ReadableChannelEvent[] {
    return channels.flatMap((channel) => {
      const { id, last_message_id: newest } = asRecord(channel);
      if (!isSnowflake(id)) return [];
      if (this.mayRead(id)) {
        return this.#shut.delete(id) ? [{ id, ...(isSnowflake(newest) ? { newest } : {}) }] : [];
      }
      this.#shut.add(id);
      return [];
    });
  }
}

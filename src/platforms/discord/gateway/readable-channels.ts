import { type Client, PermissionFlagsBits } from 'discord.js';
import { fieldsOf, listOf } from '../../../core/foreign-data.ts';
import type { Log } from '../../../core/ports/log.ts';
import { isSnowflake } from '../api/snowflake.ts';

/** Events that permissions depend on; the client library is spared all others. */
const kinds = new Set<unknown>([
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

const needed = [PermissionFlagsBits.ViewChannel, PermissionFlagsBits.ReadMessageHistory];

/** A channel that may be read from now on, and might not before. */
export interface Opened {
  readonly id: string;
  /** The newest message in it, where the event tells. */
  readonly newest?: string;
}

/** Where the client library takes an event in; private there, so that its types do not tell. */
interface Taker {
  handlePacket(packet?: unknown, shard?: unknown): boolean;
}

/**
 * The client library's own picture of guilds, for what may be read in them. It reads what events
 * tell and believes it: one odd field would end the process.
 */
export class Picture {
  readonly #client: Client;
  readonly #botId: string;
  /** Channels that may not be read. */
  readonly #shut = new Set<string>();

  constructor(
    client: Client,
    options: { botId: string; log: Log; onOpened: (channels: readonly Opened[]) => void },
  ) {
    const { botId, log, onOpened } = options;
    this.#client = client;
    this.#botId = botId;
    const taker = client.ws as unknown as Taker;
    const take = taker.handlePacket.bind(taker);
    taker.handlePacket = (packet, shard) => {
      if (packet !== undefined && fieldsOf(packet)['t'] === null) return false;
      try {
        const isTaken = take(packet, shard);
        const opened = isTaken ? this.#opened(packet) : [];
        if (opened.length > 0) onOpened(opened);
        return isTaken;
      } catch (error) {
        log.warn({ err: error, type: fieldsOf(packet)['t'] }, 'discord event of an odd form');
        return false;
      }
    };
  }

  /** Before the library looks at an event: takes from it what it need not see. */
  spare(packet: unknown): void {
    const { t: type, d: payload } = fieldsOf(packet);
    const isWhole = typeof payload === 'object' && payload !== null;
    if (isWhole && kinds.has(type)) return;
    Object.assign(fieldsOf(packet), { t: null });
  }

  mayRead(id: string): boolean {
    const channel = this.#client.channels.cache.get(id);
    if (channel === undefined || channel.isDMBased()) return false;
    return channel.permissionsFor(this.#botId)?.has(needed) === true;
  }

  /** Channels that may be read after this event, and might not before. */
  #opened(packet: unknown): Opened[] {
    const { t: type, d: payload } = fieldsOf(packet);
    const { guild_id: guild, channels, user } = fieldsOf(payload);
    switch (type) {
      case 'GUILD_CREATE':
        return this.#look(listOf(channels));
      case 'CHANNEL_UPDATE':
        return this.#look([payload]);
      case 'GUILD_MEMBER_UPDATE':
        return fieldsOf(user)['id'] === this.#botId ? this.#lookAll(guild) : [];
      case 'GUILD_ROLE_UPDATE':
      case 'GUILD_ROLE_DELETE':
        return this.#lookAll(guild);
      default:
        return [];
    }
  }

  #lookAll(guild: unknown): Opened[] {
    const known = isSnowflake(guild) ? this.#client.guilds.cache.get(guild) : undefined;
    const channels = [...(known?.channels.cache.values() ?? [])];
    return this.#look(channels.filter((one) => !one.isThread()).map(({ id }) => ({ id })));
  }

  #look(channels: readonly unknown[]): Opened[] {
    return channels.flatMap((channel) => {
      const { id, last_message_id: newest } = fieldsOf(channel);
      if (!isSnowflake(id)) return [];
      if (this.mayRead(id)) {
        return this.#shut.delete(id) ? [{ id, ...(isSnowflake(newest) ? { newest } : {}) }] : [];
      }
      this.#shut.add(id);
      return [];
    });
  }
}

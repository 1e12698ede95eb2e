// Tested by test/integration/discord-faults.test.ts
import { ApplicationFlagsBitField, PermissionFlagsBits } from 'discord.js';
import { BadConfiguration, CallFailed } from '../../../core/domain/errors.ts';
import { asRecord, asText } from '../../../core/foreign-data.ts';
import type { DiscordApi } from './rest-api.ts';

/** Who the bot is, as Discord tells. */
export interface BotIdentity {
  /** The bot's user id, by which people mention it. */
  readonly id: string;
  readonly name: string;
  /** The application's id, for the invite link and the developer portal. */
  readonly application: string;
  /** Roles that are the bot's alone, one in each server, as far as they are known. */
  readonly roles: ReadonlySet<string>;
}

const { GatewayMessageContent, GatewayMessageContentLimited } = ApplicationFlagsBitField.Flags;

/**
 * Asks Discord who the bot is. Throws `BadConfiguration` if the token is not accepted, the bot may
 * not read messages, or this is not Discord's API, and what `DiscordApi.call` throws if Discord does not answer.
 */
export async function identifyBot(
  api: DiscordApi,
  isUnauthorized: () => boolean,
  signal: AbortSignal,
): Promise<Omit<BotIdentity, 'roles'>> {
  try {
    const user = asRecord(await api.call('GET', '/users/@me', {}, signal));
    const application = asRecord(await api.call('GET', '/applications/@me', {}, signal));
    const [id, applicationId] = [asText(user['id']), asText(application['id'])];
    if (id === undefined || applicationId === undefined) {
      throw new CallFailed('Discord does not say who the bot is');
    }
    const flags = typeof application['flags'] === 'number' ? application['flags'] : 0;
    if ((flags & (GatewayMessageContent | GatewayMessageContentLimited)) === 0) {
      throw messageContentNotAllowed(applicationId);
    }
    return { id, name: asText(user['username']) ?? 'bot', application: applicationId };
  } catch (cause) {
    if (isUnauthorized()) throw tokenNotAccepted({ cause });
    if (isNotFound(cause)) throw notDiscord({ cause });
    throw cause;
  }
}

/** At Discord everybody has these pages, so that it is another address. */
export function isNotFound(error: unknown): boolean {
  return error instanceof Error && asRecord(error.cause)['status'] === 404;
}

export function notDiscord(options: ErrorOptions): BadConfiguration {
  return new BadConfiguration(
    'DISCORD_API_URL: Discord’s API is not to be found there; give the address up to "/api", ' +
      'without a version, such as http://127.0.0.1:4010/api',
    options,
  );
}

export function tokenNotAccepted(options?: ErrorOptions): BadConfiguration {
  return new BadConfiguration(
    'DISCORD_BOT_TOKEN: Discord does not accept it; copy the current one ("Reset Token" under "Bot") ' +
      'at https://discord.com/developers/applications',
    options,
  );
}

export function messageContentNotAllowed(
  application: string,
  options?: ErrorOptions,
): BadConfiguration {
  return new BadConfiguration(
    'DISCORD_BOT_TOKEN: the bot may not read messages; switch on "Message Content Intent" under ' +
      `"Privileged Gateway Intents" at ${portalPage(application)}, then start again`,
    options,
  );
}

/** What the bot needs in a channel to be asked and to answer. */
export const neededPermissions =
  PermissionFlagsBits.ViewChannel |
  PermissionFlagsBits.ReadMessageHistory |
  PermissionFlagsBits.SendMessages |
  PermissionFlagsBits.CreatePublicThreads |
  PermissionFlagsBits.SendMessagesInThreads;

/** Where somebody who may manage a server adds the bot to it. */
export function inviteLink(application: string): string {
  return `https://discord.com/oauth2/authorize?client_id=${application}&scope=bot&permissions=${neededPermissions}`;
}

/** Where the bot's token and intents are. */
function portalPage(application: string): string {
  return `https://discord.com/developers/applications/${application}/bot`;
}

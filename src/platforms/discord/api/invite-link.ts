import { PermissionFlagsBits } from 'discord.js';

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
export function portalPage(application: string): string {
  return `https://discord.com/developers/applications/${application}/bot`;
}

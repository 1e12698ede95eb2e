import type { DispatchedEvent } from './protocol.ts';

const guilds = 1 << 0;
const guildMembers = 1 << 1;
const guildPresences = 1 << 8;
const messageContent = 1 << 15;

/** Bits 0 to 16, 20, 21, 24 and 25 mean something. */
const known = 0x1_ff_ff | (1 << 20) | (1 << 21) | (1 << 24) | (1 << 25);

/** Events that are sent only with an intent: in guilds, in direct messages; 0 is never sent. */
const needed: readonly {
  readonly event: RegExp;
  readonly guild: number;
  readonly direct: number;
}[] = [
  { event: /^THREAD_MEMBERS_UPDATE$/, guild: guilds | guildMembers, direct: 0 },
  { event: /^(CHANNEL_PINS_UPDATE)$/, guild: guilds, direct: 1 << 12 },
  // Bots hear of a new direct channel only by its first message.
  { event: /^(CHANNEL|THREAD|STAGE_INSTANCE)_/, guild: guilds, direct: 0 },
  { event: /^GUILD_(CREATE|UPDATE|DELETE|ROLE_.*)$/, guild: guilds, direct: 0 },
  { event: /^GUILD_MEMBER_/, guild: guildMembers, direct: 0 },
  { event: /^(GUILD_BAN_|GUILD_AUDIT_LOG_)/, guild: 1 << 2, direct: 0 },
  { event: /^PRESENCE_UPDATE$/, guild: guildPresences, direct: 0 },
  { event: /^MESSAGE_REACTION_/, guild: 1 << 10, direct: 1 << 13 },
  { event: /^MESSAGE_POLL_/, guild: 1 << 24, direct: 1 << 25 },
  { event: /^MESSAGE_/, guild: 1 << 9, direct: 1 << 12 },
  { event: /^TYPING_START$/, guild: 1 << 11, direct: 1 << 14 },
];

export function isKnown(intents: unknown): intents is number {
  return Number.isInteger(intents) && ((intents as number) & ~known) === 0;
}

/** The privileged intents that the portal keeps switched off, among these. */
export function forbidden(intents: number, portal: { readonly messageContent: boolean }): number {
  const off = guildMembers | guildPresences | (portal.messageContent ? 0 : messageContent);
  return intents & off;
}

export function hasGuilds(intents: number): boolean {
  return (intents & guilds) !== 0;
}

/** Whether these intents ask for it; what no intent covers is always sent. */
export function asksFor(intents: number, { t, guildId }: DispatchedEvent): boolean {
  const rule = needed.find(({ event }) => event.test(t));
  if (rule === undefined) return true;
  return (intents & (guildId === undefined ? rule.direct : rule.guild)) !== 0;
}

/** The event as it is sent with these intents: other people's words only with MessageContent. */
export function shownTo(intents: number, botId: string, event: DispatchedEvent): object {
  const { t, d, guildId } = event;
  const hasWords = t === 'MESSAGE_CREATE' || t === 'MESSAGE_UPDATE';
  if (!hasWords || guildId === undefined || (intents & messageContent) !== 0) return d;
  return masked(d as Words, botId);
}

interface Words {
  readonly author?: { readonly id?: string };
  readonly mentions?: readonly { readonly id?: string }[];
  readonly referenced_message?: Words | null;
  readonly [field: string]: unknown;
}

/** A message without its words, unless they are the bot's own or meant for it. */
function masked(message: Words, botId: string): Words {
  const parent = message.referenced_message;
  const shown =
    parent === undefined || parent === null
      ? message
      : { ...message, referenced_message: masked(parent, botId) };
  const isOwn = message.author?.id === botId;
  if (isOwn || (message.mentions ?? []).some(({ id }) => id === botId)) return shown;
  const { poll: _poll, message_snapshots: _snapshots, ...rest } = shown;
  return {
    ...rest,
    ...('content' in rest ? { content: '' } : {}),
    ...('embeds' in rest ? { embeds: [] } : {}),
    ...('attachments' in rest ? { attachments: [] } : {}),
    ...('components' in rest ? { components: [] } : {}),
  };
}

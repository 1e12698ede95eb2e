import type { Mentions, Message } from './message.ts';
import { isObject } from './payload.ts';
import type { DiscordState } from './discord-state.ts';
import type { Channel } from './channel.ts';
import { permission } from './permissions.ts';
import type { User } from './user.ts';

/** `allowed_mentions`; whatever a message holds is pinged where it is absent. */
export interface AllowedMentions {
  readonly parse: ReadonlySet<string>;
  readonly users: ReadonlySet<string>;
  readonly roles: ReadonlySet<string>;
  readonly repliedUser: boolean;
}

/** From a body that was found valid. */
export function allowedMentionsOf(value: unknown): AllowedMentions | undefined {
  if (!isObject(value)) return undefined;
  const strings = (key: string): Set<string> =>
    new Set(Array.isArray(value[key]) ? value[key].map(String) : []);
  return {
    parse: strings('parse'),
    users: strings('users'),
    roles: strings('roles'),
    repliedUser: value['replied_user'] === true,
  };
}

/**
 * Whom a text pings. Code is not left alone, as it is not known for every client that it is:
 * better a ping too many in the record than one too few.
 */
export function mentionsOf(
  world: DiscordState,
  written: { text: string; channel: Channel; author: User; repliedTo?: User | undefined },
  allowed?: AllowedMentions,
): Mentions {
  const { text, channel, author, repliedTo } = written;
  const guild = channel.guildId === undefined ? undefined : world.guild(channel.guildId);
  const mayPingAll =
    guild !== undefined &&
    (author.webhook || world.may(author, channel, permission.MentionEveryone));
  const parses = (kind: string): boolean => allowed === undefined || allowed.parse.has(kind);
  const users = new Set(
    ids(text, /<@!?(\d{17,20})>/g).filter(
      (id) => world.users.has(id) && (parses('users') || allowed?.users.has(id) === true),
    ),
  );
  if (repliedTo !== undefined && (allowed === undefined || allowed.repliedUser)) {
    users.add(repliedTo.id);
  }
  const roles = ids(text, /<@&(\d{17,20})>/g).filter((id) => {
    const role = guild?.roles.get(id);
    if (role === undefined || !(role.mentionable || mayPingAll)) return false;
    return parses('roles') || allowed?.roles.has(id) === true;
  });
  const everyone = mayPingAll && parses('everyone') && /@(?:everyone|here)\b/.test(text);
  return { everyone, users: [...users], roles: [...new Set(roles)] };
}

function ids(text: string, pattern: RegExp): string[] {
  return [...new Set([...text.matchAll(pattern)].map(([, id]) => id ?? ''))];
}

/** The addresses that Discord would show a preview of. */
export function linksShown(message: Message, suppressEmbeds: number): string[] {
  if ((message.flags & suppressEmbeds) !== 0) return [];
  // Angle brackets hide a preview.
  return message.text.match(/(?<!<)https?:\/\/[^\s<>|"]+/gi) ?? [];
}

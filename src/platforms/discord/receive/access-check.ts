import type { Access, AccessDenial, Sender } from '../../../core/intake/access.ts';
import { CallFailed } from '../../../core/domain/errors.ts';
import type { Channels } from '../cache/channels.ts';
import type { Guilds } from '../cache/guilds.ts';
import type { Members } from '../cache/members.ts';
import type { DiscordMessage } from '../messages/discord-message.ts';

export interface AccessCheckOptions {
  readonly access: Access;
  readonly members: Members;
  readonly guilds: Guilds;
  readonly channels: Channels;
}

/**
 * Who may use the bot in Discord, and where. What depends on something that Discord does not tell
 * now is not decided: then it throws `CallFailed` or `RateLimited`, and may be asked again.
 */
export class AccessCheck {
  readonly #options: AccessCheckOptions;

  constructor(options: AccessCheckOptions) {
    this.#options = options;
  }

  /** Takes in what a message tells of its author. */
  learnAuthorRoles({ guild, author, authorRoles }: DiscordMessage): void {
    if (guild === undefined || authorRoles === undefined) return;
    this.#options.members.learn(guild, author.id, authorRoles);
  }

  /** Why a message is ignored; undefined if it is allowed. */
  async denialReason(
    message: DiscordMessage,
    signal: AbortSignal,
  ): Promise<AccessDenial | undefined> {
    const { guild, channel, author } = message;
    if (guild === undefined) return this.#denialReasonInPrivate(message, signal);
    const channels = await this.#around(channel, signal);
    const spot = { workspaces: [guild], channels, direct: false };
    const reason = this.#options.access.originDenial(spot);
    return reason ?? this.denialReasonOfSender(guild, author, signal);
  }

  /** Why all messages of this person, or bot, in the server are ignored; undefined if they are allowed. */
  async denialReasonOfSender(
    guild: string,
    { id, bot }: Pick<DiscordMessage['author'], 'id' | 'bot'>,
    signal: AbortSignal,
  ): Promise<AccessDenial | undefined> {
    const { access, members, guilds } = this.#options;
    const speaker = { ids: [id], bot };
    if (!access.dependsOnRoles(speaker) || !guilds.mayHaveRole(guild, access.roles)) {
      return access.senderDenial(speaker);
    }
    const roles = (await members.find(guild, id, signal))?.roles ?? [];
    return access.senderDenial({ ...speaker, roles });
  }

  async #denialReasonInPrivate(
    { channel, author: { id, bot } }: DiscordMessage,
    signal: AbortSignal,
  ): Promise<AccessDenial | undefined> {
    const { access } = this.#options;
    const speaker = { ids: [id], bot };
    const spot = { workspaces: [], channels: [channel], direct: true };
    if (access.direct === 'off') return 'direct';
    const byRoles = access.dependsOnRoles(speaker);
    const reason = byRoles ? undefined : access.senderDenial(speaker);
    if (reason !== undefined) return reason;
    const byServer = access.direct === 'members' || access.listsWorkspaces;
    if (!byRoles && !byServer) return access.originDenial(spot);
    const { workspaces, roles } = await this.#memberships(speaker, { byRoles, byServer }, signal);
    if (access.direct === 'members' && workspaces.length === 0) return 'direct';
    return access.denialOf({ ...spot, workspaces }, { ...speaker, roles });
  }

  /**
   * The allowed servers of which somebody is a member, as far as it matters: every one that has
   * listed roles, and else the first that is found.
   */
  async #memberships(
    { ids: [person = ''] }: Sender,
    { byRoles, byServer }: { byRoles: boolean; byServer: boolean },
    signal: AbortSignal,
  ): Promise<{ workspaces: string[]; roles: string[] }> {
    const { access, guilds, members } = this.#options;
    if (!guilds.complete) throw new CallFailed('it is not known yet which servers the bot is in');
    const allowed = guilds.ids.filter((id) => {
      const spot = { workspaces: [id], channels: [], direct: true };
      return access.originDenial(spot) === undefined;
    });
    const [decisive, others] = partition(
      allowed,
      (id) => byRoles && guilds.mayHaveRole(id, access.roles),
    );
    const [known, unknown] = partition(others, (id) => members.isKnownMember(id, person));
    const workspaces: string[] = [];
    const roles: string[] = [];
    for (const id of [...decisive, ...known, ...unknown]) {
      const isEnough = workspaces.length > 0 || !byServer;
      if (isEnough && !decisive.includes(id)) break;
      const member = await members.find(id, person, signal);
      if (member === undefined) continue;
      workspaces.push(id);
      roles.push(...member.roles);
    }
    return { workspaces, roles };
  }

  /** The channel with all that it is part of, where it matters: a thread's parent, a category. */
  async #around(channel: string, signal: AbortSignal): Promise<string[]> {
    const { access, channels } = this.#options;
    const ids = [channel];
    if (!access.listsChannels) return ids;
    for (let id: string | undefined = channel; id !== undefined;) {
      const found = await channels.findVisible(id, signal);
      if (found === undefined || found === 'shut') break;
      if (found.category !== undefined) ids.push(found.category);
      if (found.parent !== undefined) ids.push(found.parent);
      id = found.parent;
    }
    return ids;
  }
}

function partition<T>(all: readonly T[], isFirst: (one: T) => boolean): [T[], T[]] {
  return [all.filter(isFirst), all.filter((one) => !isFirst(one))];
}

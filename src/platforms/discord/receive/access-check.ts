import type { Access, Refusal, Speaker } from '../../../core/intake/access.ts';
import { CallFailed } from '../../../core/domain/errors.ts';
import type { Channels } from '../cache/channels.ts';
import type { Guilds } from '../cache/guilds.ts';
import type { Members } from '../cache/members.ts';
import type { Said } from '../messages/discord-message.ts';

export interface DoorOptions {
  readonly access: Access;
  readonly members: Members;
  readonly guilds: Guilds;
  readonly channels: Channels;
}

/**
 * Who may use the bot in Discord, and where. What depends on something that Discord does not tell
 * now is not decided: then it throws `CallFailed` or `RateLimited`, and may be asked again.
 */
export class Door {
  readonly #options: DoorOptions;

  constructor(options: DoorOptions) {
    this.#options = options;
  }

  /** Takes in what a message tells of its author. */
  heard({ guild, author, rolesOfAuthor }: Said): void {
    if (guild === undefined || rolesOfAuthor === undefined) return;
    this.#options.members.learn(guild, author.id, rolesOfAuthor);
  }

  /** Why nothing of it is taken in; undefined if it is. */
  async refusal(said: Said, signal: AbortSignal): Promise<Refusal | undefined> {
    const { guild, channel, author } = said;
    if (guild === undefined) return this.#refusalInPrivate(said, signal);
    const channels = await this.#around(channel, signal);
    const spot = { workspaces: [guild], channels, direct: false };
    const refusal = this.#options.access.refusalOfSpot(spot);
    return refusal ?? this.refusalOfSpeaker(guild, author, signal);
  }

  /** Why nothing that this person, or bot, says in the server is taken in. */
  async refusalOfSpeaker(
    guild: string,
    { id, bot }: Pick<Said['author'], 'id' | 'bot'>,
    signal: AbortSignal,
  ): Promise<Refusal | undefined> {
    const { access, members, guilds } = this.#options;
    const speaker = { ids: [id], bot };
    if (!access.dependsOnRoles(speaker) || !guilds.mayHave(guild, access.roles)) {
      return access.refusalOfSpeaker(speaker);
    }
    const roles = (await members.find(guild, id, signal))?.roles ?? [];
    return access.refusalOfSpeaker({ ...speaker, roles });
  }

  async #refusalInPrivate(
    { channel, author: { id, bot } }: Said,
    signal: AbortSignal,
  ): Promise<Refusal | undefined> {
    const { access } = this.#options;
    const speaker = { ids: [id], bot };
    const spot = { workspaces: [], channels: [channel], direct: true };
    if (access.direct === 'off') return 'direct';
    const byRoles = access.dependsOnRoles(speaker);
    const refusal = byRoles ? undefined : access.refusalOfSpeaker(speaker);
    if (refusal !== undefined) return refusal;
    const byServer = access.direct === 'members' || access.namesWorkspaces;
    if (!byRoles && !byServer) return access.refusalOfSpot(spot);
    const { workspaces, roles } = await this.#memberships(speaker, { byRoles, byServer }, signal);
    if (access.direct === 'members' && workspaces.length === 0) return 'direct';
    return access.refusal({ ...spot, workspaces }, { ...speaker, roles });
  }

  /**
   * The allowed servers of which somebody is a member, as far as it matters: every one that has
   * listed roles, and else the first that is found.
   */
  async #memberships(
    { ids: [person = ''] }: Speaker,
    { byRoles, byServer }: { byRoles: boolean; byServer: boolean },
    signal: AbortSignal,
  ): Promise<{ workspaces: string[]; roles: string[] }> {
    const { access, guilds, members } = this.#options;
    if (!guilds.complete) throw new CallFailed('it is not known yet which servers the bot is in');
    const allowed = guilds.ids.filter((id) => {
      const spot = { workspaces: [id], channels: [], direct: true };
      return access.refusalOfSpot(spot) === undefined;
    });
    const [decisive, others] = split(allowed, (id) => byRoles && guilds.mayHave(id, access.roles));
    const [heard, unheard] = split(others, (id) => members.knows(id, person));
    const workspaces: string[] = [];
    const roles: string[] = [];
    for (const id of [...decisive, ...heard, ...unheard]) {
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
    if (!access.namesChannels) return ids;
    for (let id: string | undefined = channel; id !== undefined;) {
      const found = await channels.look(id, signal);
      if (found === undefined || found === 'shut') break;
      if (found.category !== undefined) ids.push(found.category);
      if (found.parent !== undefined) ids.push(found.parent);
      id = found.parent;
    }
    return ids;
  }
}

function split<T>(all: readonly T[], isFirst: (one: T) => boolean): [T[], T[]] {
  return [all.filter(isFirst), all.filter((one) => !isFirst(one))];
}

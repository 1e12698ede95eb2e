import type { Access, AccessDenial } from '../../../core/intake/access.ts';
import { isOutsider } from './classify-message.ts';
import type { Users } from '../api/users.ts';
import { isDirect } from '../messages/conversation-location.ts';
import type { SlackMessage } from '../messages/slack-message.ts';
import type { BotIdentity } from '../api/identify-bot.ts';

/** `outsider`: of another organisation. `unknown`: Slack does not tell of which. */
type DenialReason = AccessDenial | 'outsider' | 'unknown';

export interface AccessCheckOptions {
  readonly identity: BotIdentity;
  readonly access: Access;
  /** People of other organisations may come in, too. */
  readonly allowOutsiders: boolean;
  readonly users: Users;
}

/** Who may use the bot in Slack, and where. */
export class AccessCheck {
  readonly #options: AccessCheckOptions;

  constructor(options: AccessCheckOptions) {
    this.#options = options;
  }

  /**
   * Why nothing of it is taken in; undefined if it is. Throws `CallFailed` if that depends on
   * something that Slack does not tell in time, and the signal's reason.
   */
  async denialReason(said: SlackMessage, signal: AbortSignal): Promise<DenialReason | undefined> {
    const { identity, users } = this.#options;
    const plain = this.denialReasonFromMessageAlone(said);
    if (plain !== undefined || this.#mayBeOutsider(said) || said.user === undefined) return plain;
    if (isOutsider(said, identity) !== undefined) return undefined;
    const { team, enterprise } = await users.lookUp(said.user, signal);
    if (team === undefined) return 'unknown';
    if (team === identity.team || team === identity.enterprise) return undefined;
    return enterprise !== undefined && enterprise === identity.enterprise ? undefined : 'outsider';
  }

  /** As much of it as the message alone tells. */
  denialReasonFromMessageAlone(said: SlackMessage): DenialReason | undefined {
    const { identity, access } = this.#options;
    const { channel, user, bot, team } = said;
    const refusal = access.denialOf(
      {
        workspaces: definedIds([identity.team, identity.enterprise, team]),
        channels: [channel],
        direct: isDirect(channel),
      },
      { ids: definedIds([user, bot?.user, bot?.id]), bot: bot !== undefined },
    );
    if (refusal !== undefined || bot !== undefined || this.#mayBeOutsider(said)) return refusal;
    return isOutsider(said, identity) === true ? 'outsider' : undefined;
  }

  /** Who is of the organisation does not matter there. */
  #mayBeOutsider({ channel }: SlackMessage): boolean {
    const { access, allowOutsiders } = this.#options;
    return allowOutsiders && (!isDirect(channel) || access.direct === 'everyone');
  }
}

function definedIds(ids: readonly (string | undefined)[]): string[] {
  return ids.filter((id) => id !== undefined);
}

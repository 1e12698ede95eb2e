import type { Access, AccessDenial } from '../../../core/intake/access.ts';
import { isOutsider } from '../messages/normalize-message.ts';
import type { Users } from '../api/users.ts';
import { isDirect } from '../messages/conversation-location.ts';
import type { SlackMessage } from '../messages/slack-message.ts';
import type { BotIdentity } from '../api/identify-bot.ts';

/** `outsider`: of another organisation. `unknown`: Slack does not say of which. */
type DenialReason = AccessDenial | 'outsider' | 'unknown';

export interface AccessCheckOptions {
  readonly bot: BotIdentity;
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
   * Why the message is denied; undefined if it is not. Throws `CallFailed` if that depends on
   * something that Slack does not say in time, and the signal's reason.
   */
  async denialReason(
    message: SlackMessage,
    signal: AbortSignal,
  ): Promise<DenialReason | undefined> {
    const { bot, users } = this.#options;
    const plain = this.denialReasonFromMessageAlone(message);
    if (plain !== undefined || this.#mayBeOutsider(message) || message.user === undefined)
      return plain;
    if (isOutsider(message, bot) !== undefined) return undefined;
    const { team, enterprise } = await users.lookUp(message.user, signal);
    if (team === undefined) return 'unknown';
    if (team === bot.team || team === bot.enterprise) return undefined;
    return enterprise !== undefined && enterprise === bot.enterprise ? undefined : 'outsider';
  }

  /** The same as far as the message alone shows it, without a call. */
  denialReasonFromMessageAlone(message: SlackMessage): DenialReason | undefined {
    const { bot, access } = this.#options;
    const { channel, user, botAuthor, team } = message;
    const refusal = access.denialOf(
      {
        workspaces: definedIds([bot.team, bot.enterprise, team]),
        channels: [channel],
        direct: isDirect(channel),
      },
      { ids: definedIds([user, botAuthor?.user, botAuthor?.id]), bot: botAuthor !== undefined },
    );
    if (refusal !== undefined || botAuthor !== undefined || this.#mayBeOutsider(message))
      return refusal;
    return isOutsider(message, bot) === true ? 'outsider' : undefined;
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

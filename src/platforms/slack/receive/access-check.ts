import type { Access, Refusal } from '../../../core/intake/access.ts';
import { isOutsider } from './classify-message.ts';
import type { People } from '../api/users.ts';
import { isDirect } from '../messages/conversation-location.ts';
import type { Said } from '../messages/slack-message.ts';
import type { Self } from '../api/identify-bot.ts';

/** `outsider`: of another organisation. `unknown`: Slack does not tell of which. */
type Why = Refusal | 'outsider' | 'unknown';

export interface DoorOptions {
  readonly self: Self;
  readonly access: Access;
  /** People of other organisations may come in, too. */
  readonly allowOutsiders: boolean;
  readonly people: People;
}

/** Who may use the bot in Slack, and where. */
export class Door {
  readonly #options: DoorOptions;

  constructor(options: DoorOptions) {
    this.#options = options;
  }

  /**
   * Why nothing of it is taken in; undefined if it is. Throws `CallFailed` if that depends on
   * something that Slack does not tell in time, and the signal's reason.
   */
  async refusal(said: Said, signal: AbortSignal): Promise<Why | undefined> {
    const { self, people } = this.#options;
    const plain = this.plainRefusal(said);
    if (plain !== undefined || this.#mayBeOutsider(said) || said.user === undefined) return plain;
    if (isOutsider(said, self) !== undefined) return undefined;
    const { team, enterprise } = await people.find(said.user, signal);
    if (team === undefined) return 'unknown';
    if (team === self.team || team === self.enterprise) return undefined;
    return enterprise !== undefined && enterprise === self.enterprise ? undefined : 'outsider';
  }

  /** As much of it as the message alone tells. */
  plainRefusal(said: Said): Why | undefined {
    const { self, access } = this.#options;
    const { channel, user, bot, team } = said;
    const refusal = access.refusal(
      {
        workspaces: known([self.team, self.enterprise, team]),
        channels: [channel],
        direct: isDirect(channel),
      },
      { ids: known([user, bot?.user, bot?.id]), bot: bot !== undefined },
    );
    if (refusal !== undefined || bot !== undefined || this.#mayBeOutsider(said)) return refusal;
    return isOutsider(said, self) === true ? 'outsider' : undefined;
  }

  /** Who is of the organisation does not matter there. */
  #mayBeOutsider({ channel }: Said): boolean {
    const { access, allowOutsiders } = this.#options;
    return allowOutsiders && (!isDirect(channel) || access.direct === 'everyone');
  }
}

function known(ids: readonly (string | undefined)[]): string[] {
  return ids.filter((id) => id !== undefined);
}

import type { EventPublisher } from './events/event-publisher.ts';
import type { EventDelivery } from './events/event-delivery.ts';
import { type Payload, app, callback } from './events/payloads.ts';
import type { Workspace } from './workspace.ts';

/** What happens to the app in a workspace without anybody writing. */
export class Administrator {
  readonly #workspace: Workspace;
  readonly #publisher: EventPublisher;
  readonly #delivery: EventDelivery;

  constructor(workspace: Workspace, publisher: EventPublisher, delivery: EventDelivery) {
    this.#workspace = workspace;
    this.#publisher = publisher;
    this.#delivery = delivery;
  }

  archives(channel: string): void {
    this.#workspace.channel(channel).archived = true;
  }

  /** Takes somebody, the bot by default, out of a channel. */
  removes(channelId: string, user = this.#workspace.bot.id): void {
    const channel = this.#workspace.channel(channelId);
    channel.members.delete(user);
    this.#publisher.happened(
      this.#workspace,
      {
        type: 'member_left_channel',
        user,
        channel: channelId,
        channel_type: channel.kind === 'public' ? 'C' : 'G',
        team: this.#workspace.id,
      },
      channel,
    );
  }

  /** Makes the bot's token worthless. */
  revokesToken(): void {
    this.#workspace.tokenError = 'token_revoked';
    const tokens = { oauth: [], bot: [this.#workspace.bot.id] };
    this.#publisher.happened(this.#workspace, { type: 'tokens_revoked', tokens });
  }

  /** Takes the app out of the workspace. */
  uninstalls(): void {
    this.#workspace.tokenError = 'account_inactive';
    this.#publisher.happened(this.#workspace, { type: 'app_uninstalled' });
    const tokens = { oauth: [], bot: [this.#workspace.bot.id] };
    this.#publisher.happened(this.#workspace, { type: 'tokens_revoked', tokens });
  }

  /** Any event, as the app would get it. */
  sends(event: Payload): void {
    this.#delivery.send(callback(this.#workspace, event));
  }

  /** Slack's word that it sends no more events this minute: an envelope without an event. */
  limitsEvents(): void {
    this.#delivery.send({
      type: 'app_rate_limited',
      token: app.verificationToken,
      team_id: this.#workspace.id,
      minute_rate_limited: Math.floor(Date.now() / 60_000) * 60,
      api_app_id: app.id,
    });
  }
}

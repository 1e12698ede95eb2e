// Tested by test/contract/platform/slack.test.ts
import { asList, asRecord, type JsonRecord } from '../../../core/foreign-data.ts';
import { MessageHandler, type MessageHandlerOptions } from '../../common/message-handler.ts';
import { isDirect } from '../messages/conversation-location.ts';
import type { SlackMessage } from '../messages/slack-message.ts';
import type { UserNotices } from '../notices/user-notices.ts';
import { MentionDeduplicator } from './mention-deduplicator.ts';
import { SlackMessageAdapter, type SlackMessageAdapterOptions } from './message-adapter.ts';
import { isOwn, mentionsBot } from '../messages/normalize-message.ts';
import { parseEvent, type SlackEvent } from './parse-event.ts';

export type EventHandlerOptions = SlackMessageAdapterOptions &
  Omit<MessageHandlerOptions<SlackMessage>, 'adapter'> & {
    readonly notices: UserNotices;
    /** A post of the bot's own was reported that carries the key of a reply's page. */
    readonly onOwnPost: (message: SlackMessage, key: string) => void;
    /** A message was deleted, by a person or by the bot itself. */
    readonly onDeleted: (message: SlackMessage) => void;
  };

/** Handles what Slack reports, of whatever kind. */
export class EventHandler {
  readonly #options: EventHandlerOptions;
  readonly #messages: MessageHandler<SlackMessage>;
  readonly #mentions = new MentionDeduplicator();

  constructor(options: EventHandlerOptions) {
    this.#options = options;
    this.#messages = new MessageHandler({ ...options, adapter: new SlackMessageAdapter(options) });
  }

  /**
   * Handles an event's body. Resolves once it may be acknowledged: what matters of it is stored.
   * Throws what `MessageHandler` throws.
   */
  async handle(body: JsonRecord): Promise<void> {
    if (!this.#isOurs(body)) return;
    const event = parseEvent(body);
    if (event === undefined) {
      const { type, subtype } = asRecord(body['event']);
      this.#options.log.debug({ type, subtype }, 'Slack event ignored');
      return;
    }
    await this.#dispatch(event);
  }

  /** A message was posted that no event may have reported. */
  async onMessage(message: SlackMessage): Promise<void> {
    if (!isOwn(message, this.#options.bot)) await this.#messages.onMessage(message);
  }

  /** Mentions that wait for their second event are handled now. */
  flush(): void {
    this.#mentions.flush();
  }

  async #dispatch(event: SlackEvent): Promise<void> {
    const { log, notices, bot, onOwnPost, onDeleted, accessCheck } = this.#options;
    switch (event.kind) {
      case 'posted': {
        const { message, key } = event;
        if (!isOwn(message, bot)) return this.#onPosted(message);
        if (key !== undefined) onOwnPost(message, key);
        return;
      }
      case 'edited':
        return this.#messages.onEdit(event.message);
      case 'deleted':
        onDeleted(event.message);
        return this.#messages.onDelete(event.message);
      case 'dm_opened': {
        const { user, channel } = event;
        const opening = { user, channel, ts: '', text: '', files: [] };
        if (accessCheck.denialReasonFromMessageAlone(opening) === undefined) {
          notices.suggestPrompts(user, channel);
        }
        return;
      }
      case 'app_removed':
        log.error({ why: event.why, remedy: 'install the app again' }, 'Slack app removed');
        return;
      case 'rate_limited':
        log.warn({}, 'Slack leaves events out: there are too many');
    }
  }

  /** A mention is reported by two events, which are handled as one. */
  #onPosted(message: SlackMessage): Promise<void> {
    const { bot } = this.#options;
    const key = `${message.channel} ${message.ts}`;
    return this.#messages.onMessage(message, (accept) => {
      if (message.isAppMention === true) return this.#mentions.mention(key, accept);
      const mayBeTwin = !isDirect(message.channel) && mentionsBot(message, bot);
      return mayBeTwin ? this.#mentions.message(key, accept) : accept();
    });
  }

  /** Events of a workspace that our token is not for. */
  #isOurs(body: JsonRecord): boolean {
    const { log, bot } = this.#options;
    const { team, enterprise } = bot;
    const teams = [body, ...asList(body['authorizations']).map(asRecord)].flatMap((fields) => [
      fields['team_id'],
      fields['enterprise_id'],
    ]);
    const ours = teams.some((id) => id === team || (id !== undefined && id === enterprise));
    if (!ours) log.debug({ team: body['team_id'] }, 'Slack event of another workspace ignored');
    return ours;
  }
}

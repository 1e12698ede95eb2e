import type { Channel, ChannelKind } from '../channel.ts';
import type { Message } from '../message.ts';
import type { Settings } from '../options.ts';
import { nowMs, tsOf } from '../timestamps.ts';
import type { Workspace } from '../workspace.ts';
import type { EventDelivery } from './event-delivery.ts';
import { type Payload, callback, messagePayload, placeFields, tombstone } from './payloads.ts';

const messageEvents: Readonly<Record<ChannelKind, { event: string; scope: string }>> = {
  public: { event: 'message.channels', scope: 'channels:history' },
  private: { event: 'message.groups', scope: 'groups:history' },
  im: { event: 'message.im', scope: 'im:history' },
  mpim: { event: 'message.mpim', scope: 'mpim:history' },
};

/** Turns what happened into the events that the app would get of it. */
export class EventPublisher {
  readonly #delivery: EventDelivery;
  readonly #settings: Settings;

  constructor(delivery: EventDelivery, settings: Settings) {
    this.#delivery = delivery;
    this.#settings = settings;
  }

  posted(workspace: Workspace, channel: Channel, message: Message): void {
    const twin = this.#message(workspace, channel, () => {
      const root =
        message.subtype === 'thread_broadcast' && message.threadTs !== undefined
          ? channel.find(message.threadTs)
          : undefined;
      return {
        ...messagePayload(workspace, channel, message, { metadata: true }),
        ...(root === undefined ? {} : { root: messagePayload(workspace, channel, root) }),
        ...placeFields(channel, message.ts),
      };
    });
    this.#twins(workspace, channel, message, twin);
  }

  /** `previous` is the message as it was shown before. */
  changed(workspace: Workspace, channel: Channel, message: Message, previous: Payload): void {
    const eventTs = freshTs();
    const twin = this.#message(workspace, channel, () => ({
      type: 'message',
      subtype: 'message_changed',
      hidden: true,
      ts: eventTs,
      message: messagePayload(workspace, channel, message, { replies: true }),
      previous_message: previous,
      ...placeFields(channel, eventTs),
    }));
    this.#twins(workspace, channel, message, twin);
  }

  deleted(workspace: Workspace, channel: Channel, message: Message): void {
    const eventTs = freshTs();
    const hasReplies = channel.replies(message.ts).length > 0;
    const deletion = this.#message(workspace, channel, () => ({
      type: 'message',
      // A root with replies leaves a sign behind, and is no deletion to the app.
      ...(hasReplies
        ? { subtype: 'message_changed', message: tombstone(channel, message) }
        : { subtype: 'message_deleted', deleted_ts: message.ts }),
      hidden: true,
      ts: eventTs,
      previous_message: messagePayload(workspace, channel, message),
      ...placeFields(channel, eventTs),
    }));
    deletion?.();
  }

  /** Any other event that the app has subscribed to. */
  happened(workspace: Workspace, event: Payload, channel?: Channel): void {
    if (!this.#settings.subscriptions.has(String(event['type']))) return;
    const withTs = { ...event, event_ts: freshTs() };
    this.#delivery.send(callback(workspace, withTs, channel));
  }

  /** Sends a message's event, and the mention of the bot in it as an event of its own. */
  #twins(
    workspace: Workspace,
    channel: Channel,
    message: Message,
    send: (() => void) | undefined,
  ): void {
    const mention = this.#mention(workspace, channel, message);
    const { mentionEventOrder, mentionEventGapMs } = this.#settings;
    const mentionFirst =
      mentionEventOrder === 'random' ? Math.random() < 0.5 : mentionEventOrder === 'mention-first';
    const pair = mentionFirst ? [mention, send] : [send, mention];
    const [first, second] = pair.filter((event) => event !== undefined);
    first?.();
    if (second === undefined) return;
    if (mentionEventGapMs === 0) second();
    else this.#delivery.later(mentionEventGapMs, second);
  }

  /** The event of a mention: fires again, with `edited`, whenever the message is edited. */
  #mention(workspace: Workspace, channel: Channel, message: Message): (() => void) | undefined {
    const { bot } = workspace;
    const called = new RegExp(`<@${bot.id}(\\|[^>]*)?>`).test(message.contents.text);
    if (!called || message.author.user === bot.id || channel.kind === 'im') return undefined;
    if (!channel.members.has(bot.id) || !workspace.scopes.has('app_mentions:read')) {
      return undefined;
    }
    if (!this.#settings.subscriptions.has('app_mention')) return undefined;
    const {
      files: _files,
      upload: _upload,
      subtype: _subtype,
      ...rest
    } = messagePayload(workspace, channel, message);
    const eventTs = message.edited === undefined ? message.ts : freshTs();
    const event = { ...rest, type: 'app_mention', channel: channel.id, event_ts: eventTs };
    return () => this.#delivery.send(callback(workspace, event, channel));
  }

  #message(workspace: Workspace, channel: Channel, build: () => Payload): (() => void) | undefined {
    const { event, scope } = messageEvents[channel.kind];
    if (!channel.members.has(workspace.bot.id) || !workspace.scopes.has(scope)) return undefined;
    if (!this.#settings.subscriptions.has(event)) return undefined;
    return () => this.#delivery.send(callback(workspace, build(), channel));
  }
}

function freshTs(): string {
  return tsOf(Math.floor(nowMs() * 1_000));
}

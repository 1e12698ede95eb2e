import type { Channel, ChannelKind } from '../channel.ts';
import type { Message } from '../message.ts';
import { nowMs } from '../timestamps.ts';
import type { Workspace } from '../workspace.ts';

export type Payload = Record<string, unknown>;

/** Ids of the app, the same in every workspace. */
export const app = { id: 'A0PARLEY', verificationToken: 'fake-verification-token' } as const;

const channelTypes: Readonly<Record<ChannelKind, string>> = {
  public: 'channel',
  private: 'group',
  im: 'im',
  mpim: 'mpim',
};

/** A message as the Web API and events show it. */
export function messagePayload(
  workspace: Workspace,
  channel: Channel,
  message: Message,
  options: { metadata?: boolean; replies?: boolean } = {},
): Payload {
  const { author, contents, threadTs } = message;
  const replies = options.replies === true ? channel.replies(message.ts) : [];
  const root = threadTs === undefined ? undefined : channel.everything.get(threadTs);
  const legacy = message.subtype === 'bot_message';
  return {
    type: 'message',
    ...(message.subtype === undefined ? {} : { subtype: message.subtype }),
    ...(legacy ? { username: author.name } : { user: author.user }),
    ...(author.botId === undefined ? {} : botFields(workspace, message)),
    ...(message.clientId === undefined ? {} : { client_msg_id: message.clientId }),
    text: contents.text,
    ts: message.ts,
    team: author.team,
    ...(channel.external || author.team !== workspace.id
      ? { user_team: author.team, source_team: author.team }
      : {}),
    ...(contents.blocks === undefined ? {} : { blocks: contents.blocks }),
    ...(contents.attachments === undefined ? {} : { attachments: contents.attachments }),
    ...(message.files.length === 0 ? {} : { files: filesOf(message), upload: false }),
    ...(message.edited === undefined ? {} : { edited: message.edited }),
    ...(threadTs === undefined ? {} : { thread_ts: threadTs }),
    ...(root === undefined ? {} : { parent_user_id: root.author.user }),
    ...(message.stream === undefined ? {} : { streaming_state: message.stream.state }),
    ...(options.metadata === true && message.metadata !== undefined
      ? { metadata: message.metadata }
      : {}),
    ...(replies.length === 0 ? {} : rootFields(message, replies)),
  };
}

/** What stands in the place of a deleted root whose thread is still there. */
export function tombstone(channel: Channel, message: Message): Payload {
  return {
    type: 'message',
    subtype: 'tombstone',
    hidden: true,
    user: 'USLACKBOT',
    text: 'This message was deleted.',
    ts: message.ts,
    ...rootFields(message, channel.replies(message.ts)),
  };
}

function rootFields(message: Message, replies: readonly Message[]): Payload {
  const people = [...new Set(replies.map(({ author }) => author.user))];
  return {
    thread_ts: message.ts,
    reply_count: replies.length,
    reply_users: people,
    reply_users_count: people.length,
    latest_reply: replies.at(-1)?.ts,
    is_locked: false,
    subscribed: false,
  };
}

function botFields(workspace: Workspace, { author }: Message): Payload {
  const appId = author.user === workspace.bot.id ? app.id : `A${author.botId ?? ''}`;
  return {
    bot_id: author.botId,
    app_id: appId,
    bot_profile: { id: author.botId, app_id: appId, name: author.name, team_id: author.team },
  };
}

function filesOf(message: Message): Payload[] {
  return message.files.map((file, index) => {
    const id = `F${message.ts.replace('.', '')}${index}`;
    return {
      id,
      name: file.name,
      title: file.name,
      mimetype: file.mimetype ?? 'text/plain',
      size: file.size ?? 1_000,
      user: message.author.user,
      url_private: `https://files.slack.com/files-pri/T-${id}/${file.name}`,
    };
  });
}

/** The fields that tell where an event about a message happened. */
export function placeFields(channel: Channel, eventTs: string): Payload {
  return { channel: channel.id, channel_type: channelTypes[channel.kind], event_ts: eventTs };
}

let lastEvent = 0;

/** The callback around an event, the same for every delivery of it. */
export function callback(workspace: Workspace, event: Payload, channel?: Channel): Payload {
  lastEvent += 1;
  return {
    token: app.verificationToken,
    team_id: workspace.id,
    context_team_id: workspace.id,
    context_enterprise_id: null,
    api_app_id: app.id,
    event,
    type: 'event_callback',
    event_id: `Ev${lastEvent.toString(36).toUpperCase().padStart(9, '0')}`,
    event_time: Math.floor(nowMs() / 1_000),
    authorizations: [
      {
        enterprise_id: null,
        team_id: workspace.id,
        user_id: workspace.bot.id,
        is_bot: true,
        is_enterprise_install: false,
      },
    ],
    is_ext_shared_channel: channel?.external ?? false,
    event_context: `4-${workspace.id}-${lastEvent}`,
  };
}

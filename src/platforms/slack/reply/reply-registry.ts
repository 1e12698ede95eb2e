import type { ConversationId } from '../../../core/domain/conversation.ts';
import { Rejected } from '../../../core/domain/errors.ts';
import type { Log } from '../../../core/ports/log.ts';
import type { Store } from '../../../core/ports/store.ts';
import { Running } from '../../common/running-replies.ts';
import type { Turn } from '../../../core/domain/turn.ts';
import type { SlackApi } from '../api/web-api.ts';
import type { Doubles } from './duplicate-posts.ts';
import type { Heard } from './posted-messages.ts';
import type { Errands } from '../../common/background-calls.ts';
import { Known } from './recent-reply-messages.ts';
import { isDirect, type Place, placeOf } from '../messages/conversation-location.ts';
import type { Said } from '../messages/slack-message.ts';
import { say } from '../notices/user-notices.ts';
import type { Self } from '../api/identify-bot.ts';
import { sequelOf } from './lost-posts.ts';
import { Statuses, StatusMark } from './assistant-status.ts';
import type { Streams } from './streaming/stream-policy.ts';
import { SlackSurface } from './surface.ts';
import type { Threads } from '../history/thread-reader.ts';

const editsOverSentence =
  'Slack does not let me change my message any more, so this answer ends here. Ask again for the rest.';

export interface RepliesOptions {
  readonly api: SlackApi;
  readonly threads: Threads;
  readonly errands: Errands;
  readonly doubles: Doubles;
  readonly heard: Heard;
  readonly log: Log;
  readonly store: Pick<Store, 'view'>;
  /** Aborts when the service ends. */
  readonly ending: AbortSignal;
  /** Undefined while Slack has not told yet. */
  readonly self: () => Self | undefined;
  readonly streams: Streams;
  /** How long a stream is written, in milliseconds. */
  readonly streamMs?: number;
}

/** What a reply is written with, and its sign of life. */
class Pen {
  readonly surface: SlackSurface;
  readonly status: StatusMark;
  readonly #channel: string;

  constructor(surface: SlackSurface, status: StatusMark, channel: string) {
    this.surface = surface;
    this.status = status;
    this.#channel = channel;
  }

  owns(message: string): boolean {
    const [channel, ts = ''] = message.split(' ');
    return channel === this.#channel && this.surface.owns(ts);
  }

  withdraw(): void {
    this.surface.withdraw();
  }
}

/** The replies that are being written. */
export class Replies {
  readonly #options: RepliesOptions;
  readonly #statuses = new Statuses();
  readonly #running = new Running<Pen>();
  readonly #known = new Known();

  constructor(options: RepliesOptions) {
    this.#options = options;
  }

  surface({ conversation, id: turn, messages, pages }: Turn): SlackSurface {
    const { api, threads, errands, doubles, heard, log, self, streams, streamMs, store, ending } =
      this.#options;
    const place = placeOf(conversation);
    const { channel } = place;
    const newest = messages.reduce((ts, { id }) => (id > ts ? id : ts), '0');
    const status = new StatusMark({
      api,
      statuses: this.#statuses,
      log,
      kind: kindOf(place),
      channel,
      threadTs: place.root ?? newest,
      clearedByPost: place.root !== undefined,
      errands,
    });
    const ensureHome = (): void => {
      const team = self()?.team ?? place.team;
      if (team === place.team) return;
      throw new Rejected('refused', `the token is not for workspace ${place.team}`);
    };
    const asker = messages
      .findLast(({ id }) => id === newest)
      ?.author.id.split(':')
      .at(-1);
    const surface = new SlackSurface({
      api,
      threads,
      errands,
      doubles,
      place,
      newest,
      pages,
      status,
      streams,
      self,
      ensureHome,
      ending,
      heard: (key) => heard.of(channel, key),
      onStands: (ts) => this.#known.note(channel, ts, turn),
      isOfAnother: (ts) => this.#known.ofAnother(channel, ts, turn),
      sequel: async () => sequelOf(await store.view(conversation), turn, newest),
      ...(asker === undefined ? {} : { asker }),
      ...(streamMs === undefined ? {} : { streamMs }),
    });
    const questions = new Set(messages.map(({ id: ts }) => idOf({ channel, ts })));
    this.#running.begin(conversation, { turn, questions, pen: new Pen(surface, status, channel) });
    return surface;
  }

  /**
   * A message was deleted: the running reply that it is a question or a part of is written no
   * further. That reply's conversation, if there is one.
   */
  withdraw(message: Pick<Said, 'channel' | 'ts'>): ConversationId | undefined {
    return this.#running.withdraw(idOf(message));
  }

  /** Leaves nothing behind: no status that nobody clears, no answer that stops without a word. */
  ended(conversation: ConversationId, turn: string): void {
    const { api, errands } = this.#options;
    const pen = this.#running.end(conversation, turn);
    pen?.status.clear();
    pen?.surface.close();
    if (pen?.surface.editsOver !== true) return;
    errands.run('say that edits are over', (signal) =>
      say(api, placeOf(conversation), editsOverSentence, signal),
    );
  }

  /** Whoever goes on with it writes on a surface of its own. */
  abandoned(conversation: ConversationId, turn: string): void {
    this.#running.end(conversation, turn)?.surface.leave();
  }
}

/** A message's `ts` is unique in its channel only. */
function idOf({ channel, ts }: Pick<Said, 'channel' | 'ts'>): string {
  return `${channel} ${ts}`;
}

/** What Slack takes or refuses is much the same in all places of a kind. */
function kindOf({ channel, root }: Place): string {
  if (!isDirect(channel)) return 'channel';
  return root === undefined ? 'direct' : 'direct thread';
}

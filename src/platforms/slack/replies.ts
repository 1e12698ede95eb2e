import type { ConversationId } from '../../core/conversation.ts';
import { Rejected } from '../../core/errors.ts';
import type { Message } from '../../core/message.ts';
import type { Log } from '../../core/ports/log.ts';
import type { SlackApi } from './api.ts';
import type { Errands } from './errands.ts';
import { isDirect, type Place, placeOf } from './place.ts';
import type { Said } from './said.ts';
import { say } from './say.ts';
import type { Self } from './self.ts';
import { Statuses, StatusMark } from './status.ts';
import { SlackSurface } from './surface.ts';
import type { Threads } from './threads.ts';

const editsOverSentence =
  'Slack does not let me change my message any more, so this answer ends here. Ask again for the rest.';

/** No reply is written for longer, in milliseconds. */
const longestMs = 24 * 60 * 60_000;

export interface RepliesOptions {
  readonly api: SlackApi;
  readonly threads: Threads;
  readonly errands: Errands;
  readonly log: Log;
  /** Undefined while Slack has not told yet. */
  readonly self: () => Self | undefined;
}

interface Reply {
  readonly turn: string;
  readonly channel: string;
  /** The `ts` of each message that it answers. */
  readonly questions: ReadonlySet<string>;
  readonly surface: SlackSurface;
  readonly status: StatusMark;
  /** On the clock of `performance.now`. */
  readonly startedAt: number;
}

/** The replies that are being written. */
export class Replies {
  readonly #options: RepliesOptions;
  readonly #statuses = new Statuses();
  /** By conversation, which has one turn at a time; the one that began first stands first. */
  readonly #running = new Map<ConversationId, Reply>();

  constructor(options: RepliesOptions) {
    this.#options = options;
  }

  surface(conversation: ConversationId, turn: string, messages: readonly Message[]): SlackSurface {
    const { api, threads, errands, log, self } = this.#options;
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
    const surface = new SlackSurface({ api, threads, errands, place, newest, status, ensureHome });
    this.#forgetLost();
    this.#running.delete(conversation);
    const questions = new Set(messages.map(({ id }) => id));
    const startedAt = performance.now();
    this.#running.set(conversation, { turn, channel, questions, surface, status, startedAt });
    return surface;
  }

  /**
   * A message was deleted: the running reply that it is a question or a part of is written no
   * further. That reply's conversation, if there is one.
   */
  withdraw({ channel, ts }: Pick<Said, 'channel' | 'ts'>): ConversationId | undefined {
    for (const [conversation, reply] of this.#running) {
      if (reply.channel !== channel) continue;
      if (!reply.questions.has(ts) && !reply.surface.owns(ts)) continue;
      reply.surface.withdraw();
      return conversation;
    }
    return undefined;
  }

  /** Nobody tells of the end of a turn that was lost to another owner. */
  #forgetLost(): void {
    const before = performance.now() - longestMs;
    for (const [conversation, { startedAt }] of this.#running) {
      if (startedAt > before) return;
      this.#running.delete(conversation);
    }
  }

  /** Leaves nothing behind: no status that nobody clears, no answer that stops without a word. */
  ended(conversation: ConversationId, turn: string): void {
    const { api, errands } = this.#options;
    const reply = this.#running.get(conversation);
    if (reply?.turn !== turn) return;
    this.#running.delete(conversation);
    reply.status.clear();
    if (!reply.surface.editsOver) return;
    errands.run('say that edits are over', (signal) =>
      say(api, placeOf(conversation), editsOverSentence, signal),
    );
  }
}

/** What Slack takes or refuses is much the same in all places of a kind. */
function kindOf({ channel, root }: Place): string {
  if (!isDirect(channel)) return 'channel';
  return root === undefined ? 'direct' : 'direct thread';
}

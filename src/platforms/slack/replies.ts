import type { ConversationId } from '../../core/conversation.ts';
import { Rejected } from '../../core/errors.ts';
import type { Message } from '../../core/message.ts';
import type { Log } from '../../core/ports/log.ts';
import type { SlackApi } from './api.ts';
import type { Errands } from './errands.ts';
import { isDirect, type Place, placeOf } from './place.ts';
import { say } from './say.ts';
import type { Self } from './self.ts';
import { Statuses, StatusMark } from './status.ts';
import { SlackSurface } from './surface.ts';
import type { Threads } from './threads.ts';

const editsOverSentence =
  'Slack does not let me change my message any more, so this answer ends here. Ask again for the rest.';

export interface RepliesOptions {
  readonly api: SlackApi;
  readonly threads: Threads;
  readonly errands: Errands;
  readonly log: Log;
  /** Undefined while Slack has not told yet. */
  readonly self: () => Self | undefined;
}

/** The replies that are being written. */
export class Replies {
  readonly #options: RepliesOptions;
  readonly #statuses = new Statuses();
  readonly #turns = new Map<
    string,
    { conversation: ConversationId; surface: SlackSurface; status: StatusMark }
  >();

  constructor(options: RepliesOptions) {
    this.#options = options;
  }

  surface(conversation: ConversationId, turn: string, messages: readonly Message[]): SlackSurface {
    const { api, threads, errands, log, self } = this.#options;
    const place = placeOf(conversation);
    const newest = messages.reduce((ts, { id }) => (id > ts ? id : ts), '0');
    const status = new StatusMark({
      api,
      statuses: this.#statuses,
      log,
      kind: kindOf(place),
      channel: place.channel,
      threadTs: place.root ?? newest,
      clearedByPost: place.root !== undefined,
      errands,
    });
    const ensureHome = (): void => {
      const team = self()?.team ?? place.team;
      if (team === place.team) return;
      throw new Rejected('refused', `the token is not for workspace ${place.team}`);
    };
    const surface = new SlackSurface({ api, threads, place, newest, status, ensureHome });
    this.#turns.set(turn, { conversation, surface, status });
    return surface;
  }

  /** The thread's first message was deleted: nobody wants to read there any more. */
  withdraw(conversation: ConversationId): void {
    for (const reply of this.#turns.values()) {
      if (reply.conversation === conversation) reply.surface.withdraw();
    }
  }

  /** Leaves nothing behind: no status that nobody clears, no answer that stops without a word. */
  ended(conversation: ConversationId, turn: string): void {
    const { api, errands } = this.#options;
    const { surface, status } = this.#turns.get(turn) ?? {};
    this.#turns.delete(turn);
    status?.clear();
    if (surface?.editsOver !== true) return;
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

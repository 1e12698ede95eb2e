import { describe, expect, it } from 'vitest';
import { conversationId } from '../../../../../src/core/domain/conversation.ts';
import { BackgroundCalls } from '../../../../../src/platforms/common/platform-calls.ts';
import type { JsonRecord } from '../../../../../src/core/foreign-data.ts';
import type { StoredConversation } from '../../../../../src/core/ports/store.ts';
import {
  pageMetadata,
  PostedMessages,
} from '../../../../../src/platforms/slack/reply/posted-messages.ts';
import { locationOf } from '../../../../../src/platforms/slack/messages/conversation-location.ts';
import {
  followingTurns,
  LostPostFinder,
} from '../../../../../src/platforms/slack/reply/lost-posts.ts';
import type { ThreadReader } from '../../../../../src/platforms/slack/history/thread-context.ts';
import { recordingLog } from '../../../../fakes/recording-log.ts';
import { bot } from '../fixtures.ts';

const conversation = conversationId('slack', bot.team, 'C1', '20.0');
const { signal } = new AbortController();

type Followed = Pick<StoredConversation, 'history' | 'running'>;

/** A question, as history keeps it. */
function asked(turn: string, id: string): StoredConversation['history'][number] {
  return { id, role: 'user', turn, text: 'a question', at: 0, tokens: 1 };
}

function running(turn: string, questions: string[], pages: string[] = []): Followed {
  return {
    history: [asked('ours', '20.0')],
    running: {
      id: turn,
      conversation,
      messages: questions.map((id) => ({
        id,
        conversation,
        kind: 'question' as const,
        author: { id: 'T1:U1' },
        text: 'a question',
        sentAt: 0,
      })),
      attempt: 1,
      startedAt: 0,
      pages: pages.map((id, index) => ({ index, key: `${turn}.${index}`, id, source: '' })),
      stopRequested: false,
    },
  };
}

/** A thread that the reply to a question at 20.0 stands in. */
class Thread {
  readonly known = new PostedMessages();
  /** What stands there: the metadata, by `ts`. */
  readonly #messages = new Map<string, JsonRecord | undefined>();
  readonly #followed: Followed;
  onCall: (method: string) => void = () => undefined;

  constructor(messages: string[], followed: Followed = { history: [asked('ours', '20.0')] }) {
    for (const ts of messages) this.#messages.set(ts, undefined);
    this.#followed = followed;
  }

  posted(ts: string, key: string): this {
    this.#messages.set(ts, pageMetadata(key));
    return this;
  }

  get standing(): string[] {
    return [...this.#messages.keys()];
  }

  get lostPosts(): LostPostFinder {
    const find: ThreadReader['find'] = async (_place, _after, meant) => {
      for (const [ts, metadata] of this.#messages) {
        meant({ ts, user: bot.userId, ...(metadata === undefined ? {} : { metadata }) });
      }
      return Promise.resolve(undefined);
    };
    return new LostPostFinder({
      api: {
        call: (method, { ts }) => {
          if (method === 'chat.delete') this.#messages.delete(String(ts));
          this.onCall(method);
          return Promise.resolve({});
        },
      },
      threads: { find },
      backgroundCalls: new BackgroundCalls(recordingLog()),
      location: locationOf(conversation),
      newest: '20.0',
      bot: () => bot,
      isKnown: (ts) => this.known.ofReply('C1', 'ours').isOfSomeReply(ts),
      followingTurns: () => Promise.resolve(followingTurns(this.#followed, 'ours', '20.0')),
    });
  }
}

describe('streams that were begun and lost, once their reply is over', () => {
  it('are removed, and nothing that is marked', async () => {
    const thread = new Thread(['19.0', '21.0', '22.0']).posted('23.0', 'ours.0');
    await thread.lostPosts.removeStreams(signal);
    expect(thread.standing).toEqual(['19.0', '23.0']);
  });

  it('are removed before the questions that the next reply answers, and not behind', async () => {
    const thread = new Thread(['21.0', '23.0', '25.0'], running('next', ['22.0', '24.0']));
    await thread.lostPosts.removeStreams(signal);
    expect(thread.standing).toEqual(['25.0']);
  });

  it('are not looked for behind a question that was answered meanwhile', async () => {
    const { turn: _, ...context } = asked('none', '20.5');
    const history = [asked('first', '18.0'), asked('ours', '20.0'), context];
    history.push(asked('next', '22.0'), asked('third', '24.0'));
    const thread = new Thread(['21.0', '23.0', '25.0'], { history });
    await thread.lostPosts.removeStreams(signal);
    expect(thread.standing).toEqual(['23.0', '25.0']);
  });

  it('are not looked for behind a question that was delivered late', async () => {
    const thread = new Thread(['21.0'], running('next', ['19.5']));
    await thread.lostPosts.removeStreams(signal);
    expect(thread.standing).toEqual(['21.0']);
  });

  it('are left to a reply of another instance that has gone on in one', async () => {
    const thread = new Thread(['21.0', '21.5'], running('next', ['22.0'], ['21.5']));
    await thread.lostPosts.removeStreams(signal);
    expect(thread.standing).toEqual(['21.5']);
  });

  it('are left to another reply that goes on in one, even at the last moment', async () => {
    const thread = new Thread(['21.0', '21.5', '21.7']);
    thread.known.ofReply('C1', 'next').add('21.0');
    thread.known.ofReply('C1', 'ours').add('21.7');
    thread.onCall = () => thread.known.ofReply('C1', 'next').add('21.5');
    await thread.lostPosts.removeStreams(signal);
    expect(thread.standing).toEqual(['21.0', '21.5']);
  });
});

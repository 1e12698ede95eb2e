import { describe, expect, it } from 'vitest';
import { BotLoopGuard } from '../../../../src/core/intake/bot-loop-guard.ts';
import { conversationId } from '../../../../src/core/domain/conversation.ts';
import type { HistoryEntry, Turn } from '../../../../src/core/domain/turn.ts';
import type { Message } from '../../../../src/core/domain/message.ts';
import type { StoredConversation } from '../../../../src/core/ports/store.ts';
import { recordingLog } from '../../../fakes/recording-log.ts';

const conversation = conversationId('slack', 'T1', 'C1', '1');

function question(author: string): Message {
  const rest = { conversation, text: 'and you?', sentAt: 1, kind: 'question' } as const;
  return { ...rest, id: '9', author: { id: author }, opens: true };
}

/** `h` for what a human said, `b` for a bot, `r` for a reply to that; `c` for a human’s context. */
function entries(line: string): HistoryEntry[] {
  return Array.from(line, (who, at): HistoryEntry => {
    const base = { id: `${at}`, text: 'words', at, tokens: 1 };
    if (who === 'r') return { ...base, role: 'assistant', turn: `${at}` };
    const turn = who === 'c' ? {} : { turn: `${at + 1}` };
    const author = { id: who === 'b' ? 'robot' : 'ann' };
    return { ...base, ...turn, role: 'user', author };
  });
}

function running(author: string): Turn {
  const turn = { id: 't', conversation, attempt: 1, startedAt: 0, pages: [], stopRequested: false };
  return { ...turn, messages: [question(author)] };
}

function world(view: Partial<StoredConversation> = {}) {
  const log = recordingLog();
  const state = { view: { history: [], queued: [], ...view } as StoredConversation };
  const store = { conversationView: async () => state.view };
  const isBot = (author: string): boolean => author === 'robot';
  return { log, state, turns: new BotLoopGuard({ store, isBot, maxTurns: 3, log }) };
}

describe('turns of bots', () => {
  it.each([
    ['', {}, 'question'],
    ['brbr', {}, 'question'],
    ['brbrbr', {}, 'context'],
    ['brbrbrh', {}, 'question'],
    ['brbrbrhr', {}, 'question'],
    ['hrbrbr', {}, 'question'],
    ['hrbrbrbr', {}, 'context'],
    ['brcbrbr', {}, 'question'],
    ['brcbrbrbr', {}, 'context'],
    ['brbrbrc', {}, 'question'],
    ['hrbrbr', { running: running('robot') }, 'context'],
    ['hrbr', { running: running('robot') }, 'question'],
    ['hbr', {}, 'question'],
    ['br', { running: running('robot') }, 'question'],
    ['brbrbr', { running: running('ann') }, 'question'],
    ['brbrbr', { queued: [question('ann')] }, 'question'],
    ['brbrbr', { queued: [question('robot')] }, 'context'],
  ])('after "%s" and %o a bot’s question is %s', async (line, more, expected) => {
    const { turns } = world({ history: entries(line), ...more });
    const message = await turns.downgrade(question('robot'));
    expect(message.kind).toBe(expected);
    expect(message.opens).toBe(expected === 'question' ? true : undefined);
  });

  it('are no concern of people’s, nor of what is context anyway', async () => {
    const { turns } = world({ history: entries('brbrbr') });
    expect((await turns.downgrade(question('ann'))).kind).toBe('question');
    const context = { ...question('robot'), kind: 'context' } as const;
    expect(await turns.downgrade(context)).toBe(context);
  });

  it('are logged once when they are over, and again after a human wrote', async () => {
    const { turns, state, log } = world({ history: entries('hrbrbrbr') });
    for (let times = 0; times < 3; times += 1) await turns.downgrade(question('robot'));
    expect(log.events).toMatchObject([
      {
        level: 'info',
        event: 'bot not answered: MAX_BOT_TURNS reached',
        fields: { conversation, turns: 3 },
      },
    ]);
    state.view = { queued: [], history: entries('hrbrbrbrh') };
    expect((await turns.downgrade(question('robot'))).kind).toBe('question');
    state.view = { queued: [], history: entries('hrbrbrbrhrbrbrbr') };
    await turns.downgrade(question('robot'));
    expect(log.events).toHaveLength(2);
  });

  it('stay over when so much was said since that no answer is in sight', async () => {
    const { turns, state } = world({ history: entries('brbrbr') });
    await turns.downgrade(question('robot'));
    state.view = { queued: [], history: entries('bbbb') };
    expect((await turns.downgrade(question('robot'))).kind).toBe('context');
    state.view = { queued: [], history: entries('bbbh') };
    expect((await turns.downgrade(question('robot'))).kind).toBe('question');
  });
});

import { expect, it } from 'vitest';
import { describeTurn } from '../../../src/commands/turn-details.ts';
import { conversationId } from '../../../src/core/domain/conversation.ts';
import type { TurnDetails } from '../../../src/core/instances/operator.ts';

const turn: TurnDetails = {
  conversation: conversationId('slack', 'T1', 'C1', '1'),
  turn: '1a2b3c4d',
  state: 'running',
  attempts: 1,
  askedAt: 8_000,
  startedAt: 9_000,
  questions: 1,
  stopping: false,
  posts: 2,
};

it('tells why the reply of a turn is slow: what it waits for, and what it waited for most', () => {
  const progress = {
    posts: 1,
    edits: 7,
    unseenMs: 3_100,
    longestUnseenMs: 4_000,
    waitsFor: { reason: 'rate limit', budget: 'slack:T1:chat.update', ms: 2_900 },
    waits: [
      { reason: 'own call', ms: 1_400 },
      { reason: 'spacing', ms: 900 },
    ],
  } as const;
  expect(describeTurn({ ...turn, progress }, 20_000).split('\n')).toEqual([
    'Turn 1a2b3c4d of slack:T1:C1:1',
    'State    running; asked 12 s ago, begun 11 s ago; 1 try, 1 question',
    'Shown    1 post and 7 edits by this process',
    'Unseen   text of the last 3.1 s; longest so far 4.0 s',
    'Waits    for rate limit (slack:T1:chat.update), 2.9 s so far',
    'Waited   own call 1.4 s, spacing 0.9 s',
  ]);
});

it('says who knows it where another process writes the reply, or none', () => {
  const elsewhere = describeTurn(turn, 20_000);
  expect(elsewhere).toContain('Shown    2 messages, as the store knows');
  expect(elsewhere).toContain('known only to the process that writes it');
  expect(describeTurn({ ...turn, state: 'waiting' }, 20_000)).toContain(
    'nobody writes its answer at this moment',
  );
});

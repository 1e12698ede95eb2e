import { describe } from 'vitest';
import { changes } from './changes.ts';
import type { ChatHarness } from './chat.ts';
import { itWithChats } from './contract-chats.ts';
import { conversation } from './conversation.ts';
import { failedCalls } from './failed-calls.ts';
import { followUps } from './follow-ups.ts';
import { longAnswers } from './long-answers.ts';
import { refusals } from './refusals.ts';
import { restarts } from './restarts.ts';
import { stopping } from './stopping.ts';

const parts = [
  conversation,
  followUps,
  changes,
  stopping,
  refusals,
  restarts,
  longAnswers,
  failedCalls,
];

/** What people see on every chat platform, whichever it is. */
export function platformContract(harness: ChatHarness): void {
  const it = itWithChats(harness);
  describe.concurrent(`${harness.name} as a platform`, () => {
    for (const part of parts) part(it);
  });
}

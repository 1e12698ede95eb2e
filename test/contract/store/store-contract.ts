import { afterEach, describe } from 'vitest';
import type { OpenedStore, OpenStore, StoreSetup } from './store-fixture.ts';
import { acceptAndClaim } from './accept-and-claim.ts';
import { accept } from './accept.ts';
import { readPositions } from './read-positions.ts';
import { claim } from './claim.ts';
import { conversations } from './conversations.ts';
import { queueDepth } from './queue-depth.ts';
import { finish } from './finish.ts';
import { erasure } from './erasure.ts';
import { history } from './history.ts';
import { openConversations } from './open-conversations.ts';
import { leases } from './leases.ts';
import { lifecycle } from './lifecycle.ts';
import { pagesAndEndings } from './pages-and-endings.ts';
import { participation } from './participation.ts';
import { reviseAndWithdraw } from './revise-and-withdraw.ts';
import { poisonMessages } from './poison-messages.ts';
import { repeatedFinish } from './repeated-finish.ts';
import { leaderLocks } from './leader-locks.ts';
import { twoInstances } from './two-instances.ts';
import { stopping } from './stop.ts';
import { stress } from './stress.ts';
import { sweep } from './sweep.ts';
import { unclaimed } from './unclaimed.ts';

const parts = [
  accept,
  reviseAndWithdraw,
  stopping,
  claim,
  acceptAndClaim,
  leases,
  pagesAndEndings,
  finish,
  repeatedFinish,
  unclaimed,
  queueDepth,
  openConversations,
  history,
  participation,
  conversations,
  readPositions,
  poisonMessages,
  leaderLocks,
  erasure,
  sweep,
  lifecycle,
  twoInstances,
  stress,
];

/** The contract of the Store port, run by every store. */
export function storeContract(name: string, open: OpenStore): void {
  describe(`${name} as a store`, () => {
    let opened: OpenedStore | undefined;
    const now = (): OpenedStore => {
      if (opened === undefined) throw new Error('start a store first');
      return opened;
    };
    const stage: StoreSetup = {
      start: async (settings = {}) => {
        opened = await open(settings);
        return opened.store;
      },
      beside: () => now().beside(),
      reopen: () => now().reopen(),
    };
    afterEach(async () => {
      await opened?.dispose();
      opened = undefined;
    });

    for (const part of parts) part(stage);
  });
}

import { afterEach, describe } from 'vitest';
import type { OpenedStore, OpenStore, Stage } from './store-fixture.ts';
import { acceptAndClaim } from './store/accept-and-claim.ts';
import { accept } from './store/accept.ts';
import { bookmarks } from './store/bookmarks.ts';
import { claim } from './store/claim.ts';
import { conversations } from './store/conversations.ts';
import { depth } from './store/depth.ts';
import { finish } from './store/finish.ts';
import { forgetting } from './store/forgetting.ts';
import { history } from './store/history.ts';
import { inHand } from './store/in-hand.ts';
import { leases } from './store/leases.ts';
import { life } from './store/life.ts';
import { pagesAndEndings } from './store/pages-and-endings.ts';
import { participation } from './store/participation.ts';
import { questions } from './store/questions.ts';
import { readingNotes } from './store/reading-notes.ts';
import { repeatedFinish } from './store/repeated-finish.ts';
import { roles } from './store/roles.ts';
import { sharing } from './store/sharing.ts';
import { stopping } from './store/stop.ts';
import { stress } from './store/stress.ts';
import { sweep } from './store/sweep.ts';
import { waiting } from './store/waiting.ts';

const parts = [
  accept,
  questions,
  stopping,
  claim,
  acceptAndClaim,
  leases,
  pagesAndEndings,
  finish,
  repeatedFinish,
  waiting,
  depth,
  inHand,
  history,
  participation,
  conversations,
  bookmarks,
  readingNotes,
  roles,
  forgetting,
  sweep,
  life,
  sharing,
  stress,
];

/** What every store does, whatever keeps its data. */
export function storeContract(name: string, open: OpenStore): void {
  describe(`${name} as a store`, () => {
    let opened: OpenedStore | undefined;
    const now = (): OpenedStore => {
      if (opened === undefined) throw new Error('start a store first');
      return opened;
    };
    const stage: Stage = {
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

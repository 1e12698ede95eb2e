import { afterEach, describe } from 'vitest';
import type { OpenedStore, OpenStore, Stage } from './store-fixture.ts';
import { acceptAndClaim } from './accept-and-claim.ts';
import { accept } from './accept.ts';
import { bookmarks } from './read-positions.ts';
import { claim } from './claim.ts';
import { conversations } from './conversations.ts';
import { depth } from './queue-depth.ts';
import { finish } from './finish.ts';
import { forgetting } from './erasure.ts';
import { history } from './history.ts';
import { inHand } from './open-conversations.ts';
import { leases } from './leases.ts';
import { life } from './lifecycle.ts';
import { pagesAndEndings } from './pages-and-endings.ts';
import { participation } from './participation.ts';
import { questions } from './questions.ts';
import { readingNotes } from './reading-notes.ts';
import { repeatedFinish } from './repeated-finish.ts';
import { roles } from './leader-locks.ts';
import { sharing } from './sharing.ts';
import { stopping } from './stop.ts';
import { stress } from './stress.ts';
import { sweep } from './sweep.ts';
import { waiting } from './unclaimed.ts';

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

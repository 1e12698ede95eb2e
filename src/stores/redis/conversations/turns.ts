// Tested by test/contract/store/redis.test.ts
import { randomUUID } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { ConversationId } from '../../../core/domain/conversation.ts';
import { ClaimLost, StoreUnavailable } from '../../../core/domain/errors.ts';
import {
  type Claim,
  type Ending,
  pageKeyOf,
  type PageRecord,
  type Turn,
} from '../../../core/domain/turn.ts';
import type { Log } from '../../../core/ports/log.ts';
import type { ClaimedTurn, Lease, Renewal, StoredConversation } from '../../../core/ports/store.ts';
import type { Connection } from '../connection/connection.ts';
import { isDamage } from '../connection/errors.ts';
import type { Keys } from '../keys.ts';
import type { Args, ScriptName } from '../lua-scripts.ts';
import { encode, type RecordReader } from '../records.ts';

/** Begins turns, records their progress, and ends them. */
export class Turns {
  readonly #connection: Connection;
  readonly #keys: Keys;
  readonly #reader: RecordReader;
  readonly #log: Log;
  readonly #tickets = new ClaimTickets();

  constructor(connection: Connection, keys: Keys, reader: RecordReader, log: Log) {
    this.#connection = connection;
    this.#keys = keys;
    this.#reader = reader;
    this.#log = log;
  }

  async claim(conversation: ConversationId, lease: Lease): Promise<ClaimedTurn | undefined> {
    const keys = this.#keys.ofConversation(conversation);
    const found = await this.withTicket(conversation, lease, (claimArgs) =>
      this.#connection.runScript('claim', keys, { conversation, ...claimArgs }),
    );
    return this.toClaimedTurn(conversation, lease, found);
  }

  /** Runs a step that claims a conversation; repeated after a failure, it claims the same. */
  withTicket<T>(
    conversation: ConversationId,
    { owner, leaseMs }: Lease,
    step: (claimArgs: Args) => Promise<T>,
  ): Promise<T> {
    return this.#tickets.use(conversation, owner, (ticket) => step({ owner, leaseMs, ticket }));
  }

  async renew(claims: readonly Claim[], { leaseMs }: Lease): Promise<Renewal> {
    // A damaged one must not cost the others their leases.
    const results = await Promise.allSettled(
      claims.map((claim) => this.#step('renew', claim, { leaseMs })),
    );
    const failures = results.filter((result) => result.status === 'rejected');
    const away = failures.find(({ reason }) => !isDamage(reason));
    if (away !== undefined) throw away.reason as Error;
    const thoseThatAre = (state: 'lost' | 'stopping'): Claim[] =>
      claims.filter((_, i) => {
        const result = results[i];
        return (result?.status === 'fulfilled' ? result.value : 'lost') === state;
      });
    return { lost: thoseThatAre('lost'), stopping: thoseThatAre('stopping') };
  }

  savePage(claim: Claim, page: PageRecord): Promise<void> {
    return this.#write('save-page', claim, { index: page.index, record: encode(page) });
  }

  dropPage(claim: Claim, index: number): Promise<void> {
    return this.#write('drop-page', claim, { index });
  }

  storeEnding(claim: Claim, { outcome, text, note }: Ending): Promise<void> {
    const ending = encode({ outcome, text, ...(note !== undefined && { note }) });
    const says = text !== '' || (note ?? '') !== '' ? 1 : 0;
    return this.#write('store-ending', claim, { ending, says });
  }

  async finish(claim: Claim, lease: Lease, replyTokens: number): Promise<ClaimedTurn | undefined> {
    const reply = await this.#step('finish', claim, { ...lease, ticket: '', replyTokens });
    const [state, turn, history] = reply as [string, unknown[], string];
    if (state === 'lost') throw claimLost(claim);
    if (state === 'open') throw new Error(`turn ${claim.turn} has no end yet`);
    if (state === 'done') return undefined;
    return this.toClaimedTurn(claim.conversation, lease, [turn, history]);
  }

  release(claim: Claim, { countAttempt }: { countAttempt: boolean }): Promise<void> {
    const args = { countAttempt: countAttempt ? 1 : 0, ticket: randomUUID() };
    return this.#write('release', claim, args);
  }

  async conversationView(conversation: ConversationId, most?: number): Promise<StoredConversation> {
    const keys = this.#keys.ofConversation(conversation);
    const args: Args = most === undefined ? {} : { historyLimit: most };
    const reply = await this.#connection.runScript('conversation-view', keys, args);
    const [history, queued, turn] = reply as [string, string, unknown[] | undefined];
    return {
      history: this.#reader.entries(conversation, history),
      ...(turn !== undefined && { running: this.#toTurn(conversation, turn) }),
      queued: this.#reader.messages(conversation, queued),
    };
  }

  /**
   * The turn that a script claimed, if it did. A turn of which no question can be read is dropped,
   * so that it is not tried for ever; then the conversation goes on with what is next.
   */
  async toClaimedTurn(
    conversation: ConversationId,
    lease: Lease,
    found: unknown,
  ): Promise<ClaimedTurn | undefined> {
    if (!Array.isArray(found)) return undefined;
    const [state, history] = found as [unknown[], string];
    const turn = this.#toTurn(conversation, state);
    const claim = { conversation, turn: turn.id, fence: Number(state[1]) };
    const ending = state[5];
    if (ending !== '' && turn.ending === undefined) {
      // It cannot be read. Kept, it would go into history instead of the ending that comes now.
      if ((await this.#step('drop-ending', claim)) !== 1) return undefined;
    }
    if (turn.messages.length > 0) {
      return { claim, turn, history: this.#reader.entries(conversation, history) };
    }
    this.#log.error({ conversation, turn: turn.id }, 'damaged turn dropped');
    if ((await this.#step('drop-turn', claim)) !== 1) return undefined;
    return this.claim(conversation, lease);
  }

  /** Throws `ClaimLost` if the script finds another owner. */
  async #write(name: ScriptName, claim: Claim, args: Args): Promise<void> {
    if ((await this.#step(name, claim, args)) !== 1) throw claimLost(claim);
  }

  #step(name: ScriptName, claim: Claim, args: Args = {}): Promise<unknown> {
    const { conversation, turn: turnId, fence: token } = claim;
    const keys = this.#keys.ofConversation(conversation);
    return this.#connection.runScript(name, keys, { conversation, turnId, token, ...args });
  }

  #toTurn(conversation: ConversationId, found: unknown[]): Turn {
    const [id, , attempt, startedAt, stop, stored, messages, recorded, mayHaveRunBefore] = found;
    if (typeof id !== 'string' || id === '') {
      throw new StoreUnavailable('damaged', `the turn in ${conversation} cannot be read`);
    }
    const ending = this.#reader.ending(conversation, stored);
    const pages = this.#reader.pages(conversation, id, recorded);
    if (pages.length === 0 && mayHaveRunBefore === '1') {
      // An attempt that Redis lost may have posted it: it is looked for before it is posted.
      pages.push({ index: 0, key: pageKeyOf(id, 0), source: '' });
    }
    return {
      id,
      conversation,
      messages: this.#reader.messages(conversation, messages),
      attempt: Number(attempt) || 0,
      startedAt: Number(startedAt) || 0,
      pages,
      ...(ending !== undefined && { ending }),
      stopRequested: stop === '1',
    };
  }
}

function claimLost(claim: Claim): ClaimLost {
  return new ClaimLost(`the claim ${claim.fence} on turn ${claim.turn} is lost`);
}

/** Failed claims that are remembered. */
const mostFailed = 10_000;

/** Makes claims idempotent: one that is repeated under the same ticket claims the same turn. */
class ClaimTickets {
  readonly #failed = new LRUCache<ConversationId, { ticket: string; owner: string }>({
    max: mostFailed,
  });

  /** Uses a new ticket, or that of the claim before if it failed and may have been applied. */
  async use<T>(
    conversation: ConversationId,
    owner: string,
    claim: (ticket: string) => Promise<T>,
  ): Promise<T> {
    const before = this.#failed.get(conversation);
    const ticket = before?.owner === owner ? before.ticket : randomUUID();
    try {
      const result = await claim(ticket);
      this.#failed.delete(conversation);
      return result;
    } catch (error) {
      this.#failed.set(conversation, { ticket, owner });
      throw error;
    }
  }
}

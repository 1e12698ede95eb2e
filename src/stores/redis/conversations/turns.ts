import { randomUUID } from 'node:crypto';
import type { ConversationId } from '../../../core/domain/conversation.ts';
import { ClaimLost, StoreUnavailable } from '../../../core/domain/errors.ts';
import type { Log } from '../../../core/ports/log.ts';
import type { Lease, Renewal, StoredConversation, ClaimedTurn } from '../../../core/ports/store.ts';
import {
  type Claim,
  type Ending,
  pageKeyOf,
  type PageRecord,
  type Turn,
} from '../../../core/domain/turn.ts';
import { type RecordReader, encode } from '../records.ts';
import type { Connection } from '../connection/connection.ts';
import { isDamage } from '../connection/errors.ts';
import type { Keys } from '../keys.ts';
import type { Args, ScriptName } from '../lua-scripts.ts';

export interface TurnsOptions {
  readonly historyLimit: number;
  /** Entries of one conversation that are kept at all. */
  readonly keep: number;
  readonly retentionMs: number;
  /** How long a turn stays where nobody goes on with it, in milliseconds. */
  readonly stayMs: number;
  readonly takeoverGraceMs: number;
  readonly log: Log;
}

/** How turns begin, go on and end. */
export class Turns {
  readonly #connection: Connection;
  readonly #keys: Keys;
  readonly #codec: RecordReader;
  readonly #options: TurnsOptions;
  readonly #tickets = new ClaimTickets();

  constructor(connection: Connection, keys: Keys, codec: RecordReader, options: TurnsOptions) {
    this.#connection = connection;
    this.#keys = keys;
    this.#codec = codec;
    this.#options = options;
  }

  async claim(conversation: ConversationId, lease: Lease): Promise<ClaimedTurn | undefined> {
    const keys = this.#keys.ofConversation(conversation);
    const found = await this.withTicket(conversation, lease, (terms) =>
      this.#connection.runScript('claim', keys, { conversation, ...terms }),
    );
    return this.toClaimedTurn(conversation, lease, found);
  }

  /** Takes a step that claims a conversation; repeated after a failure, it claims the same. */
  withTicket<T>(
    conversation: ConversationId,
    { owner, leaseMs }: Lease,
    step: (terms: Args) => Promise<T>,
  ): Promise<T> {
    const { takeoverGraceMs: graceMs, historyLimit, stayMs } = this.#options;
    return this.#tickets.use(conversation, owner, (ticket) =>
      step({ owner, leaseMs, graceMs, ticket, historyLimit, stayMs }),
    );
  }

  async renew(claims: readonly Claim[], { leaseMs }: Lease): Promise<Renewal> {
    // One that cannot be read must not cost the others their leases.
    const results = await Promise.allSettled(
      claims.map((claim) => this.#step('renew', claim, { leaseMs })),
    );
    const failures = results.filter((result) => result.status === 'rejected');
    const away = failures.find(({ reason }) => !isDamage(reason));
    if (away !== undefined) throw away.reason as Error;
    const states = results.map((result, at) => ({
      claim: claims[at] as Claim,
      state: result.status === 'fulfilled' ? result.value : 'lost',
    }));
    const those = (wanted: 'lost' | 'stopping'): Claim[] =>
      states.filter(({ state }) => state === wanted).map(({ claim }) => claim);
    return { lost: those('lost'), stopping: those('stopping') };
  }

  async savePage(claim: Claim, page: PageRecord): Promise<void> {
    const kept = await this.#step('save-page', claim, { index: page.index, record: encode(page) });
    if (kept !== 1) throw lost(claim);
  }

  async dropPage(claim: Claim, index: number): Promise<void> {
    if ((await this.#step('drop-page', claim, { index })) !== 1) throw lost(claim);
  }

  async storeEnding(claim: Claim, { outcome, text, note }: Ending): Promise<void> {
    const ending = encode({ outcome, text, ...(note === undefined ? {} : { note }) });
    const says = text !== '' || (note ?? '') !== '' ? 1 : 0;
    if ((await this.#step('store-ending', claim, { ending, says })) !== 1) throw lost(claim);
  }

  async finish(claim: Claim, lease: Lease, replyTokens: number): Promise<ClaimedTurn | undefined> {
    const { historyLimit, keep, retentionMs } = this.#options;
    const reply = await this.#step('finish', claim, {
      owner: lease.owner,
      leaseMs: lease.leaseMs,
      ticket: '',
      replyTokens,
      historyLimit,
      retentionMs,
      keep,
    });
    const [state, turn, history] = reply as [string, unknown[], string];
    if (state === 'lost') throw lost(claim);
    if (state === 'open') throw new Error(`turn ${claim.turn} has no end yet`);
    if (state === 'done') return undefined;
    return this.toClaimedTurn(claim.conversation, lease, [turn, history]);
  }

  async release(claim: Claim, { forgive }: { forgive: boolean }): Promise<void> {
    const released = await this.#step('release', claim, {
      forgive: forgive ? 1 : 0,
      ticket: randomUUID(),
      channel: this.#keys.channel,
    });
    if (released !== 1) throw lost(claim);
  }

  async conversationView(
    conversation: ConversationId,
    historyLimit = this.#options.historyLimit,
  ): Promise<StoredConversation> {
    const keys = this.#keys.ofConversation(conversation);
    const reply = await this.#connection.runScript('conversation-view', keys, { historyLimit });
    const [history, queued, turn] = reply as [string, string, unknown[] | undefined];
    return {
      history: this.#codec.entries(conversation, history),
      ...(turn === undefined ? {} : { running: this.#toTurn(conversation, turn) }),
      queued: this.#codec.messages(conversation, queued),
    };
  }

  /**
   * What a script claimed, if it did. A turn of which no question can be read is dropped, so that
   * nobody tries it for ever; then the conversation goes on with what is next.
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
      // It cannot be read. Kept, it would go into history in place of the end that comes now.
      if ((await this.#step('drop-ending', claim, {})) !== 1) return undefined;
    }
    if (turn.messages.length > 0) {
      return { claim, turn, history: this.#codec.entries(conversation, history) };
    }
    this.#options.log.error({ conversation, turn: turn.id }, 'damaged turn dropped');
    if ((await this.#step('drop-turn', claim, {})) !== 1) return undefined;
    return this.claim(conversation, lease);
  }

  #step(
    name: ScriptName,
    { conversation, turn: id, fence: mark }: Claim,
    args: Args,
  ): Promise<unknown> {
    const keys = this.#keys.ofConversation(conversation);
    return this.#connection.runScript(name, keys, {
      conversation,
      id,
      mark,
      stayMs: this.#options.stayMs,
      ...args,
    });
  }

  #toTurn(conversation: ConversationId, found: unknown[]): Turn {
    const [id, , attempt, startedAt, stop, said, messages, recorded, inDoubt] = found;
    if (typeof id !== 'string' || id === '') {
      throw new StoreUnavailable('damaged', `the turn in ${conversation} cannot be read`);
    }
    const ending = this.#codec.ending(conversation, said);
    const pages = this.#codec.pages(conversation, id, recorded);
    if (pages.length === 0 && inDoubt === '1') {
      // Perhaps posted by an attempt that Redis has forgotten: looked for before it is posted.
      pages.push({ index: 0, key: pageKeyOf(id, 0), source: '' });
    }
    return {
      id,
      conversation,
      messages: this.#codec.messages(conversation, messages),
      attempt: Number(attempt) || 0,
      startedAt: Number(startedAt) || 0,
      pages,
      ...(ending === undefined ? {} : { ending }),
      stopRequested: stop === '1',
    };
  }
}

function lost(claim: Claim): ClaimLost {
  return new ClaimLost(`the claim ${claim.fence} on turn ${claim.turn} is lost`);
}

/** Claims without an answer that are remembered. */
const mostUnanswered = 10_000;

/** Names claims: whoever asks again with the same ticket, as the answer was lost, gets the same. */
class ClaimTickets {
  readonly #unanswered = new Map<ConversationId, { ticket: string; owner: string }>();

  /** Has a conversation claimed under a ticket of its own, or that of the claim before, if it failed. */
  async use<T>(
    conversation: ConversationId,
    owner: string,
    claim: (ticket: string) => Promise<T>,
  ): Promise<T> {
    const before = this.#unanswered.get(conversation);
    const ticket = before?.owner === owner ? before.ticket : randomUUID();
    try {
      const answer = await claim(ticket);
      this.#unanswered.delete(conversation);
      return answer;
    } catch (error) {
      this.#unanswered.set(conversation, { ticket, owner });
      const [first] = this.#unanswered.keys();
      if (this.#unanswered.size > mostUnanswered && first !== undefined) {
        this.#unanswered.delete(first);
      }
      throw error;
    }
  }
}

import type { Participation, Store } from '../ports/store.ts';
import { randomUUID } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Log } from '../ports/log.ts';

/** Ids of one platform: who or what may, if it names any, and who or what may not in any case. */
export interface AccessList {
  readonly allow: readonly string[];
  readonly deny: readonly string[];
}

/**
 * Who may write the bot directly: `members` of a workspace or server that it is in and that is
 * allowed, `everyone`, or nobody.
 */
export type DirectMessages = 'members' | 'everyone' | 'off';

export interface AccessLists {
  readonly workspaces?: AccessList;
  readonly channels?: AccessList;
  readonly people?: AccessList;
  readonly roles?: AccessList;
  /** By default `members`. */
  readonly direct?: DirectMessages;
}

/** Where something was said. */
export interface MessageOrigin {
  /** Ids of the workspace or server, and of all that it is part of. */
  readonly workspaces: readonly string[];
  /** Ids of the channel, and of all that it is part of: a thread's parent, a category. */
  readonly channels: readonly string[];
  /** Said to the bot alone. */
  readonly direct: boolean;
}

/** Who said it. */
export interface Sender {
  /** All ids that mean this person, or this bot. */
  readonly ids: readonly string[];
  /** Absent where the platform has none. */
  readonly roles?: readonly string[];
  /** What the lists allow is for people: a bot can only be denied. */
  readonly bot?: boolean;
}

/** What a refusal is for. */
export type AccessDenial = 'workspace' | 'channel' | 'direct' | 'person';

const nothing: AccessList = { allow: [], deny: [] };

/**
 * Who may use the bot on one platform, and where. What is denied is denied, whatever is allowed. A
 * list that allows nothing restricts nothing. People and roles are one gate: whoever is listed, or
 * has a role that is, passes.
 */
export class Access {
  /** Who may write the bot directly, apart from what the lists say. */
  readonly direct: DirectMessages;
  readonly #workspaces: AccessList;
  readonly #channels: AccessList;
  readonly #people: AccessList;
  readonly #roles: AccessList;

  constructor(lists: AccessLists = {}) {
    this.direct = lists.direct ?? 'members';
    this.#workspaces = lists.workspaces ?? nothing;
    this.#channels = lists.channels ?? nothing;
    this.#people = lists.people ?? nothing;
    this.#roles = lists.roles ?? nothing;
  }

  /** Why nothing said there by this person is taken in; undefined if it is. */
  denialOf(spot: MessageOrigin, speaker: Sender): AccessDenial | undefined {
    return this.originDenial(spot) ?? this.senderDenial(speaker);
  }

  /** Direct messages are in no channel that a list could allow. */
  originDenial({ workspaces, channels, direct }: MessageOrigin): AccessDenial | undefined {
    if (direct && this.direct === 'off') return 'direct';
    if (!passes(this.#workspaces, workspaces)) return 'workspace';
    const isOpen = direct ? !has(this.#channels.deny, channels) : passes(this.#channels, channels);
    return isOpen ? undefined : 'channel';
  }

  senderDenial({ ids, roles = [], bot = false }: Sender): AccessDenial | undefined {
    if (has(this.#people.deny, ids) || has(this.#roles.deny, roles)) return 'person';
    const isOpen = this.#people.allow.length === 0 && this.#roles.allow.length === 0;
    if (bot || isOpen) return undefined;
    return has(this.#people.allow, ids) || has(this.#roles.allow, roles) ? undefined : 'person';
  }

  /** Whether everybody in a workspace is refused, whoever and wherever; ids as in `Spot`. */
  deniesWorkspace(workspaces: readonly string[]): boolean {
    return !passes(this.#workspaces, workspaces);
  }

  /** Whether it takes a workspace to be allowed: something without one is not. */
  get listsWorkspaces(): boolean {
    return this.#workspaces.allow.length > 0;
  }

  get listsChannels(): boolean {
    return this.#channels.allow.length > 0 || this.#channels.deny.length > 0;
  }

  /** Every role that is listed. */
  get roles(): readonly string[] {
    return [...this.#roles.allow, ...this.#roles.deny];
  }

  /** Whether it depends on this speaker's roles if they are refused. */
  dependsOnRoles({ ids, bot = false }: Sender): boolean {
    if (has(this.#people.deny, ids)) return false;
    if (this.#roles.deny.length > 0) return true;
    return !bot && this.#roles.allow.length > 0 && !has(this.#people.allow, ids);
  }
}

function passes({ allow, deny }: AccessList, ids: readonly string[]): boolean {
  return !has(deny, ids) && (allow.length === 0 || has(allow, ids));
}

function has(list: readonly string[], ids: readonly string[]): boolean {
  return ids.some((id) => list.includes(id));
}

/**
 * Who may go on in a conversation of many people without a mention:
 * - `auto`: everybody where it began with a mention of the bot; else those who have addressed it
 *   there.
 * - `always`: everybody wherever the bot takes part.
 * - `mention`: nobody.
 */
export type FollowUpPolicy = 'auto' | 'always' | 'mention';

/** Whether what this author says there is meant for the bot. */
export function mayFollowUp(
  author: string,
  followups: FollowUpPolicy,
  participation: Participation,
): boolean {
  if (followups === 'auto') return participation.opened || participation.people.includes(author);
  return followups === 'always';
}

/** Minimum time between two notices to the same person, and between two log lines, in milliseconds. */
const everyMs = 60 * 60_000;
/** Most people that are remembered; beyond it the oldest are forgotten. */
const maxKnown = 10_000;

/** Limits the notices and log lines about people who may not use the bot to one an hour each. */
export class RefusalNotices {
  readonly #platform: string;
  readonly #store: Pick<Store, 'acquireLeadership' | 'shared'>;
  readonly #log: Log;
  /** In milliseconds since the epoch. */
  readonly #since = Date.now();
  /** Ids of people. */
  readonly #logged = new LRUCache<string, true>({ max: maxKnown, ttl: everyMs, perf: performance });
  readonly #notified = new LRUCache<string, true>({
    max: maxKnown,
    ttl: everyMs,
    perf: performance,
  });

  constructor(options: {
    platform: string;
    store: Pick<Store, 'acquireLeadership' | 'shared'>;
    log: Log;
  }) {
    this.#platform = options.platform;
    this.#store = options.store;
    this.#log = options.log;
  }

  /**
   * @param person an id that is unique on the platform
   * @param ids why, and what else the log tells of it
   */
  log(person: string, ids: Readonly<Record<string, unknown>>): void {
    if (this.#logged.has(person)) return;
    this.#logged.set(person, true);
    this.#log.info({ platform: this.#platform, person, ...ids }, 'access denied');
  }

  /**
   * Whether this person is to be told now: true once an hour, whichever channel they write in and
   * whichever instance hears it. What is read again was refused at its time, or is stale: nobody
   * is told of it anew. Throws `StoreUnavailable`.
   *
   * @param sentAt when they wrote, in milliseconds since the epoch
   */
  async shouldNotify(person: string, sentAt: number): Promise<boolean> {
    if (sentAt < Date.now() - everyMs || this.#notified.has(person)) return false;
    // An instance that is alone has forgotten whom it told before it was started anew.
    if (!this.#store.shared && sentAt < this.#since) return false;
    if (this.#store.shared) {
      // A new owner each time: nobody, not even this instance, has the role again within the hour.
      const lease = { owner: randomUUID(), leaseMs: everyMs };
      if (!(await this.#store.acquireLeadership(`told:${this.#platform}:${person}`, lease)))
        return false;
    }
    this.#notified.set(person, true);
    return true;
  }
}

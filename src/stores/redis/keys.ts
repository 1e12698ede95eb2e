// Tested by test/integration/redis-keys.test.ts
import { type ConversationId, parseConversationId } from '../../core/domain/conversation.ts';
import { BadConfiguration } from '../../core/domain/errors.ts';
import type { Meter } from '../../core/ports/usage.ts';

/** Number of parts that the data has, each on one node of a cluster. It never changes. */
const partitions = 64;
export const allPartitions = Array.from({ length: partitions }, (_, at) => at);

/** Types of keys by name. A script refuses to begin where a key has another type: it is damaged. */
export const keyTypes = {
  // Of one conversation:
  /** Ids of messages taken in → when. */
  seen: 'zset',
  /** Ids of questions that wait → the platform's time. */
  queue: 'zset',
  /** Ids of questions that are being answered → the platform's time. */
  asking: 'zset',
  /** Id → record of both kinds of questions. */
  questions: 'hash',
  /** The turn begun and not finished: id, fence, owner, attempt, startedAt, stop, ending … */
  turn: 'hash',
  /** Index → page of its reply. */
  pages: 'hash',
  /** History in order: `0` or, for a reply, `1`, then the id → the platform's time. */
  order: 'zset',
  /** Id → record. */
  entries: 'hash',
  /** `@` and id of those who asked → when; `opened` if the conversation began with a question. */
  people: 'hash',
  /** `@` and id of those who asked → what they call the conversation. */
  titles: 'hash',
  /** Turn, fence, owner and the next turn's fence of the latest finish, for an hour. */
  finished: 'string',

  // Of one partition:
  /** Free conversations with something to do → since when. */
  ready: 'zset',
  /** Conversations with an owner → until when. */
  leased: 'zset',
  /** Conversations with a turn → attempts, and since when its oldest question waits. */
  turns: 'hash',
  /** The last fence given out. */
  fence: 'string',
  /** The latest run of the Redis server here, and when it was first noted, if another was before it. */
  run: 'string',
  /** Conversations → when the oldest of what they keep came. */
  due: 'zset',
  /** Conversations of a platform → when somebody last asked something. */
  active: 'zset',

  // Of one person, in a partition of their own:
  /** Conversations in which they wrote → when; `forget` looks there. */
  person: 'zset',
  /** Conversation and id of questions that may have no answer yet → 0, or until when reserved. */
  open: 'zset',

  // Of one person or workspace, in a partition of their own:
  /** Their use in this window, with which it expires. */
  meter: 'string',

  // Of all, by day, in a partition of their own:
  /** Count and, as JSON, platform, workspace, person and model → how much. */
  usage: 'hash',
  /** Person → their latest name on that day. */
  names: 'hash',

  // Of one platform or role, in a partition of its own:
  /** Channel → how far it was read. */
  marks: 'hash',
  /** Channel → when that was saved. */
  marked: 'zset',
  /** The instance that holds the role. */
  role: 'string',
  /** Since when an operator wants no turn to begin. */
  paused: 'string',
  /** When an instance last checked that writes are kept. */
  check: 'string',

  // Of the service, in a partition of its own:
  /** A value that the service made for itself, such as a key. */
  secret: 'string',

  // Of all instances, in a partition of their own:
  /** Instance → when it last reported what it spends. */
  instances: 'zset',
  /** Budget → the level of its bucket, and what each instance has of it. */
  budgets: 'hash',
  /** Budget → until when it is remembered. */
  spare: 'zset',
} as const;

export type KeyName = keyof typeof keyTypes;

/** Keys by name, as a script asks for them. */
export type NamedKeys = Partial<Record<KeyName, string>>;

/** Names of keys: `<prefix>:{<partition>}:<name>:<whose>`. Keys of one partition are on one node. */
export class Keys {
  readonly #prefix: string;

  constructor(prefix: string) {
    // Braces before ours would be the hash tag, and every key would be on one node.
    if (!/^[^{}\s]{1,64}$/.test(prefix)) {
      throw new BadConfiguration(
        `"${prefix}" cannot begin the names of Redis keys: use 1 to 64 characters without braces or spaces.`,
      );
    }
    this.#prefix = prefix;
  }

  /** The pub/sub channel of all instances. */
  get channel(): string {
    return `${this.#prefix}:news`;
  }

  ofConversation(conversation: ConversationId) {
    const at = partitionOf(conversation);
    const own = (name: KeyName): string => `${this.#name(at, name)}:${conversation}`;
    return {
      seen: own('seen'),
      queue: own('queue'),
      asking: own('asking'),
      questions: own('questions'),
      turn: own('turn'),
      pages: own('pages'),
      order: own('order'),
      entries: own('entries'),
      people: own('people'),
      titles: own('titles'),
      finished: own('finished'),
      ...this.ofPartition(at, parseConversationId(conversation).platform),
    };
  }

  ofPartition(at: number, platform = '') {
    return {
      ready: this.#name(at, 'ready'),
      leased: this.#name(at, 'leased'),
      turns: this.#name(at, 'turns'),
      fence: this.#name(at, 'fence'),
      run: this.#name(at, 'run'),
      due: this.#name(at, 'due'),
      active: `${this.#name(at, 'active')}:${platform}`,
      check: this.#name(at, 'check'),
    };
  }

  ofPerson(platform: string, author: string): { person: string; open: string } {
    const id = `${platform}:${author}`;
    const at = partitionOf(id);
    return { person: `${this.#name(at, 'person')}:${id}`, open: `${this.#name(at, 'open')}:${id}` };
  }

  ofPlatform(platform: string) {
    const at = partitionOf(platform);
    return {
      marks: `${this.#name(at, 'marks')}:${platform}`,
      marked: `${this.#name(at, 'marked')}:${platform}`,
    };
  }

  ofRole(role: string) {
    return { role: `${this.#name(partitionOf(role), 'role')}:${role}` };
  }

  ofOperator(): { paused: string } {
    return { paused: this.#name(partitionOf('operator'), 'paused') };
  }

  ofSecret(name: string): string {
    return `${this.#name(partitionOf('secret'), 'secret')}:${name}`;
  }

  ofMeter({ scope, id, unit }: Meter): string {
    return `${this.#name(partitionOf(id), 'meter')}:${unit}:${scope}:${id}`;
  }

  /** @param day in UTC, as YYYY-MM-DD */
  ofUsage(day: string): { usage: string; names: string } {
    const at = partitionOf('usage');
    return {
      usage: `${this.#name(at, 'usage')}:${day}`,
      names: `${this.#name(at, 'names')}:${day}`,
    };
  }

  ofBudgets(): { instances: string; budgets: string; spare: string } {
    const at = partitionOf('budgets');
    return {
      instances: this.#name(at, 'instances'),
      budgets: this.#name(at, 'budgets'),
      spare: this.#name(at, 'spare'),
    };
  }

  #name(at: number, name: KeyName): string {
    return `${this.#prefix}:{${at}}:${name}`;
  }
}

/** 32-bit FNV-1a: the same for all instances and versions. */
function partitionOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  return (hash >>> 0) % partitions;
}

import { setTimeout as delay } from 'node:timers/promises';
import type { Call as DiscordCall } from '../fakes/discord/activity-record.ts';
import type { Call as SlackCall } from '../fakes/slack/activity-record.ts';
import { type AskedQuestion, QuestionLedger } from './question-ledger.ts';
import { DiscordThread, SlackDirect, SlackThread } from './simulated-conversations.ts';
import { ChaosEnvironment } from './environment.ts';

type ConversationKind = 'slack thread' | 'slack direct' | 'discord thread';
type KilledConversation = SlackThread | SlackDirect | DiscordThread;

/** After which call of a reply its instance dies. */
export interface KillPoint {
  readonly place: ConversationKind;
  /** From 1, over all calls by which an instance writes the reply; one for each death. */
  readonly after: readonly [number, ...number[]];
  /** Whether the instance has got the answer to it; the next call then never arrives. */
  readonly heard: boolean;
  readonly words: number;
  /** Slow enough for the reply to be edited several times before its end. */
  readonly perSecond: number;
  /** How many words the next try at the answer has. */
  readonly again: number;
  /** How long the model thinks, in milliseconds: long enough for the sign that it does. */
  readonly thinksMs: number;
}

/** What became of one reply. */
interface RecoveredReply extends KillPoint {
  /** Names of the calls until then, such as `chat.update`; fewer if the reply was done before. */
  readonly calls: readonly string[];
  /** The reply was whole before its instance died. */
  readonly done: boolean;
  /** The ids of its messages when its instance died, and in the end. */
  readonly before: readonly string[];
  readonly end: readonly string[];
  /** From the death to the whole reply, in milliseconds. */
  readonly ms: number;
}

export interface KillPointsReport {
  readonly survivors: readonly RecoveredReply[];
  readonly broken: readonly string[];
}

/** Longer than a thread takes to be made on a busy machine, behind which the sign of life comes. */
const thinksMs = 2_500;

/** Each call of a short reply in Slack, and of one over two messages in Discord. */
export function firstKillPoints(most: { slack: number; discord: number }): KillPoint[] {
  return [
    ...each('slack thread', most.slack).map((point) => ({
      ...point,
      words: 60,
      perSecond: 60,
      again: 60,
      thinksMs,
    })),
    ...each('slack direct', most.slack).map((point) => ({
      ...point,
      words: 60,
      perSecond: 60,
      again: 60,
      thinksMs,
    })),
    ...each('discord thread', most.discord).map((point) => ({
      ...point,
      words: 400,
      perSecond: 250,
      again: 400,
      thinksMs,
    })),
  ];
}

/**
 * Each call by which another instance completes a reply, whose first one died late. The next try
 * at the answer is shorter: messages have to go.
 */
export function secondKillPoints(most: number): KillPoint[] {
  const late = (place: ConversationKind, first: number, words: number): KillPoint[] =>
    each(place, most).map((point) => ({
      ...point,
      after: [first, ...point.after],
      words,
      perSecond: 250,
      again: 30,
      thinksMs,
    }));
  return [
    ...late('slack thread', 3, 600),
    ...late('slack direct', 3, 600),
    ...late('discord thread', 9, 2_500),
  ];
}

function each(
  place: ConversationKind,
  most: number,
): Pick<KillPoint, 'place' | 'after' | 'heard'>[] {
  const calls = Array.from({ length: most }, (_, at) => at + 1);
  return calls.flatMap((call) => [true, false].map((heard) => ({ place, after: [call], heard })));
}

interface KilledReply {
  readonly point: KillPoint;
  readonly conversation: KilledConversation;
  readonly asked: AskedQuestion;
  readonly calls: string[];
  /** After this call of an instance it dies. */
  due: number;
  /** On the clock of `performance.now()`. */
  diedAt?: number;
  before: readonly string[];
  done: boolean;
  /** The turn was over before its instance died, and nobody looks after it any more. */
  over: boolean;
}

/** Turns that were cut off twice are tried one at a time. */
const patienceMs = { once: 50_000, twice: 300_000 };
const settleMs = 1_000;

/**
 * One question for each point, all at the same time; a reply that has come to its point stands
 * still until all have, and then the instance is killed with -9. Another one starts meanwhile and
 * completes them, or dies, too, at the next points.
 */
export async function killAtEachPoint(points: readonly KillPoint[]): Promise<KillPointsReport> {
  const count = (place: ConversationKind): number =>
    points.filter((point) => point.place === place).length;
  const environment = await ChaosEnvironment.start({
    slack: 'socket',
    instances: 1,
    threads: count('slack thread'),
    directs: count('slack direct'),
    discords: count('discord thread'),
  });
  try {
    const ledger = new QuestionLedger(environment.conversations, environment.model);
    const victims = points.map((point, at): KilledReply => {
      // The conversations stand in the same order.
      const conversation = environment.conversations[at] as KilledConversation;
      const asked = ledger.ask(conversation, {
        words: point.words,
        perSecond: point.perSecond,
        again: point.again,
        thinksMs: point.thinksMs,
      });
      return {
        point,
        conversation,
        asked,
        calls: [],
        due: 0,
        before: [],
        done: false,
        over: false,
      };
    });
    const deaths = Math.max(...points.map(({ after }) => after.length));
    const patience = deaths > 1 ? patienceMs.twice : patienceMs.once;
    for (let death = 0; death < deaths; death += 1) {
      for (const victim of victims) victim.due = victim.point.after[death] ?? Infinity;
      const thaw = freezeAtPoints(environment, victims);
      const alive = () => victims.filter(({ done }) => !done);
      await until(patience, () => {
        const done = environment.fleet.logged(death, 'turn done').length;
        return alive().filter(isFrozen).length + done >= alive().length;
      });
      const growing = environment.addInstance();
      const over = environment.fleet
        .logged(death, 'turn done')
        .map(({ conversation }) => conversation);
      for (const victim of alive()) {
        victim.before = idsOf(victim.conversation);
        victim.done = !isFrozen(victim);
        victim.over = over.some((id) => isOf(victim.conversation, id));
        victim.diedAt = performance.now();
      }
      await environment.fleet.kill(death);
      thaw();
      await growing;
    }
    await until(patience, () => {
      ledger.checkAnswers();
      return ledger.open.length === 0;
    });
    await delay(settleMs);
    return {
      survivors: victims.map((victim) => survivorOf(victim)),
      broken: [
        ...ledger.broken().filter((line) => !isExcused(line, victims)),
        ...environment.slack.violations.map((one) => JSON.stringify(one)),
      ],
    };
  } finally {
    await environment.stop();
  }
}

function survivorOf({
  point,
  conversation,
  asked,
  calls,
  diedAt = 0,
  before,
  done,
}: KilledReply): RecoveredReply {
  const ms = Math.max(0, Math.round((asked.answeredAt ?? Infinity) - diedAt));
  return { ...point, calls, done, before, end: idsOf(conversation), ms };
}

/** It has come to its point: nothing that it asks for happens any more. */
function isFrozen({ point, calls, due }: KilledReply): boolean {
  return calls.length >= due + (point.heard ? 1 : 0);
}

function isOf(conversation: KilledConversation, conversationId: unknown): boolean {
  const id =
    conversation instanceof SlackDirect ? conversation.said[0]?.channel : rootOf(conversation);
  return id !== undefined && String(conversationId).endsWith(`:${id}`);
}

function rootOf(conversation: SlackThread | DiscordThread): string | undefined {
  return conversation instanceof SlackThread ? conversation.root?.ts : conversation.root?.id;
}

/** The status below a direct message is taken away behind the turn's end, or by Slack, in time. */
function isExcused(line: string, victims: readonly KilledReply[]): boolean {
  return victims.some(
    ({ conversation, over }) =>
      over &&
      conversation instanceof SlackDirect &&
      line === `${conversation.name}: "${conversation.workingSign()}" is left`,
  );
}

function idsOf(conversation: KilledConversation): string[] {
  return conversation.posted.map((message) => ('ts' in message ? message.ts : message.id));
}

/** Returns what lets everything through again. */
function freezeAtPoints(
  environment: ChaosEnvironment,
  victims: readonly KilledReply[],
): () => void {
  const victimOf = (is: (conversation: KilledConversation) => boolean): KilledReply | undefined =>
    victims.find(({ conversation }) => is(conversation));
  for (const victim of victims) victim.calls.length = 0;
  const places = new WeakMap<object, number>();
  /** Where a call stands among those of its reply, from 1; 0 for what is no reply's. */
  const placeOf = (victim: KilledReply | undefined, call: object, name: string): number => {
    if (victim === undefined) return 0;
    const known = places.get(call);
    if (known !== undefined) return known;
    victim.calls.push(name);
    places.set(call, victim.calls.length);
    return victim.calls.length;
  };
  const isUnheard = (victim: KilledReply | undefined, place: number): boolean =>
    victim !== undefined && !victim.point.heard && place === victim.due;
  const isBeyond = (victim: KilledReply | undefined, place: number): boolean =>
    victim !== undefined && place > victim.due;

  const slack = (is: typeof isUnheard) => (call: SlackCall) => {
    const victim = victimOf((conversation) => writesInto(environment, call, conversation));
    return is(victim, placeOf(victim, call, call.method));
  };
  const discord = (is: typeof isUnheard) => (call: DiscordCall) => {
    const thread = threadOf(call);
    const victim = victimOf(
      (conversation) => conversation instanceof DiscordThread && conversation.root?.id === thread,
    );
    return is(victim, placeOf(victim, call, `${call.method} ${call.route}`));
  };
  const times = Number.POSITIVE_INFINITY;
  const ends = [
    environment.slack.fail('*', { kind: 'lost', by: 'hang' }, { times, when: slack(isUnheard) }),
    environment.slack.fail('*', { kind: 'hang' }, { times, when: slack(isBeyond) }),
    environment.discord.faults.next(
      '*',
      '*',
      { kind: 'lost', by: 'hang' },
      times,
      discord(isUnheard),
    ),
    environment.discord.faults.next('*', '*', { kind: 'hang' }, times, discord(isBeyond)),
  ];
  return () => {
    for (const end of ends) end();
  };
}

/** Whether a call is part of a reply there; reading is not. */
function writesInto(
  environment: ChaosEnvironment,
  { method, args }: SlackCall,
  conversation: KilledConversation,
): boolean {
  if (conversation instanceof DiscordThread || !/^(chat|assistant)\./.test(method)) return false;
  const { channel = args['channel_id'], thread_ts: root, ts } = args;
  if (conversation instanceof SlackDirect) return conversation.said[0]?.channel === channel;
  if (conversation.root?.channel !== channel) return false;
  if (root !== undefined) return root === conversation.root?.ts;
  const message = environment.slack.workspace().channel(String(channel)).everything.get(String(ts));
  return message?.threadTs === conversation.root?.ts;
}

/** A thread has the id of its question. */
function threadOf({ path }: DiscordCall): string | undefined {
  const [, channel, message, rest] =
    /^\/channels\/(\d+)(?:\/messages\/(\d+)(.*))?/.exec(path) ?? [];
  return rest === '/threads' ? message : channel;
}

/**
 * What is whole cannot be told from what the fakes hear alone: it is looked at now and then. What
 * is not reached in time is seen in the report.
 */
async function until(patience: number, check: () => boolean): Promise<void> {
  const endsAt = performance.now() + patience;
  while (!check()) {
    if (performance.now() > endsAt) return;
    await delay(50);
  }
}

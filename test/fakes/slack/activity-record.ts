import type { Contents, Message } from './message.ts';
import { linksIn, mentionsIn } from './mentions-and-links.ts';
import { textOfAttachments, textOfBlocks } from './blocks.ts';
import { nowMs } from './timestamps.ts';
import type { ConditionWaiter } from '../condition-waiter.ts';

/** A call of the Web API. All times in milliseconds since the epoch. */
export interface Call {
  readonly method: string;
  /** The workspace of its token; undefined for none and for the app's own token. */
  team: string | undefined;
  readonly at: number;
  /** Empty while texts are not kept. */
  readonly args: Readonly<Record<string, unknown>>;
  /** `ok`, Slack's error, or what went wrong: `status 500`, `hang`, `reset`, `lost`, `late`. */
  outcome: string | undefined;
  answeredAt: number | undefined;
  /** It went wrong because a test asked for it. */
  injected: boolean;
}

/** Somebody who was, or would have been, called by a message. */
export interface Notification {
  readonly team: string;
  readonly channel: string;
  readonly ts: string;
  /** As it stood in the text, such as `<!channel>`. */
  readonly mention: string;
  readonly method: string;
}

/** An address that Slack would have fetched for a preview. */
export interface Unfurl {
  readonly team: string;
  readonly channel: string;
  readonly ts: string;
  readonly url: string;
}

export interface StatusChange {
  readonly team: string;
  readonly channel: string;
  readonly threadTs: string;
  /** Empty when it was cleared, by a call or by a message of the bot in the thread. */
  readonly status: string;
  readonly at: number;
}

/** A call that Slack takes but that this bot must not make. */
export interface Violation {
  readonly method: string;
  readonly team: string | undefined;
  readonly problem: string;
}

export interface Ephemeral {
  readonly team: string;
  readonly channel: string;
  readonly user: string;
  readonly text: string;
  readonly threadTs: string | undefined;
}

/** All that happened. */
export class ActivityRecord {
  readonly calls: Call[] = [];
  readonly notifications: Notification[] = [];
  readonly unfurls: Unfurl[] = [];
  readonly statuses: StatusChange[] = [];
  readonly ephemerals: Ephemeral[] = [];
  readonly violations: Violation[] = [];
  readonly #notified = new Set<string>();
  readonly #lastStatus = new Map<string, StatusChange>();
  readonly #watch: ConditionWaiter;

  constructor(watch: ConditionWaiter) {
    this.#watch = watch;
  }

  called(method: string, args: Record<string, unknown>, keepTexts: boolean): Call {
    const call: Call = {
      method,
      team: undefined,
      at: nowMs(),
      args: keepTexts ? args : {},
      outcome: undefined,
      answeredAt: undefined,
      injected: false,
    };
    this.calls.push(call);
    this.#watch.check();
    return call;
  }

  ended(call: Call, outcome: string): void {
    call.outcome = outcome;
    call.answeredAt = nowMs();
    this.#watch.check();
  }

  violated(call: Call, problem: string): void {
    this.violations.push({ method: call.method, team: call.team, problem });
  }

  /** Takes note of whom this message calls; each mention of a message counts once. */
  notify(team: string, message: Message, method: string): void {
    const { channel, ts } = message;
    for (const mention of mentionsIn(allTexts(message.contents))) {
      const key = `${team} ${channel} ${ts} ${mention}`;
      if (this.#notified.has(key)) continue;
      this.#notified.add(key);
      this.notifications.push({ team, channel, ts, mention, method });
    }
  }

  unfurl(team: string, message: Message): void {
    const { channel, ts } = message;
    for (const url of linksIn(allTexts(message.contents))) {
      this.unfurls.push({ team, channel, ts, url });
    }
  }

  status(team: string, channel: string, threadTs: string, status: string): void {
    const set: StatusChange = { team, channel, threadTs, status, at: nowMs() };
    this.statuses.push(set);
    this.#lastStatus.set(`${team} ${channel} ${threadTs}`, set);
  }

  /** What stands under the thread's last message, if it has not faded. */
  currentStatus(team: string, channel: string, threadTs: string, lastsMs: number): string {
    const last = this.#lastStatus.get(`${team} ${channel} ${threadTs}`);
    return last === undefined || nowMs() - last.at >= lastsMs ? '' : last.status;
  }
}

function allTexts(contents: Contents): string {
  const { text, blocks = [], attachments = [] } = contents;
  return [text, textOfBlocks(blocks), textOfAttachments(attachments)].join('\n');
}

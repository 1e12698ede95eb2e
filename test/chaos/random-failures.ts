import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { SeededRandom } from './seeded-random.ts';
import { apiKeyOf } from './fleet.ts';
import { QuestionLedger, keepAsking } from './question-ledger.ts';
import { type SlackTransport, ChaosEnvironment, type EnvironmentOptions } from './environment.ts';

/** What goes wrong while people talk. */
export interface RandomFailuresOptions {
  readonly seconds: number;
  readonly seed: number;
  readonly slack: SlackTransport;
  /** Of Slack threads, direct conversations and Discord threads together; a third each. */
  readonly conversations: number;
  readonly instances: number;
  /** Instances are killed at random, once in so many milliseconds. */
  readonly killEveryMs?: readonly [least: number, most: number];
  /** Moments at which Redis is killed, from 0 (the start) to 1 (the end). */
  readonly redisDiesAt?: readonly number[];
  /** How long Redis is away then, in milliseconds. */
  readonly redisAwayMs?: number;
  /** Moments at which all instances are stopped and started one after the other. */
  readonly rollsAt?: readonly number[];
  /** No question may wait for longer, in milliseconds; not looked at without it. */
  readonly patienceMs?: number;
  /** How long people pause between an answer and the next question, in milliseconds. */
  readonly pauseMs: readonly [least: number, most: number];
  readonly env?: EnvironmentOptions['env'];
  readonly onProgress?: (line: string) => void;
  /** A folder for what the instances print. */
  readonly logsTo?: string;
}

export interface RandomFailuresReport {
  readonly questions: number;
  readonly kills: number;
  /** Kills that were put off, as they would have been the third in one answer. */
  readonly spared: number;
  readonly redisDeaths: number;
  readonly restarts: number;
  /** Answers that were begun again. */
  readonly takeovers: number;
  readonly longestMs: number;
  /** How the questions that waited longest came by their answers. */
  readonly slowest: readonly string[];
  readonly doubled: number;
  readonly lost: number;
  /** What was promised and did not hold, in sentences. */
  readonly broken: readonly string[];
}

/** Longer than any takeover lasts. */
const takeoverMs = 60_000;
/** What comes after everything was answered would be one answer too many. */
const settleMs = 2_000;
const progressEveryMs = 5_000;
/** An answer is begun so often at most. */
const mostTries = 3;

/** Lets people talk while things go wrong, and reports what came of it. */
export async function runRandomFailures(
  options: RandomFailuresOptions,
): Promise<RandomFailuresReport> {
  const { seconds, seed, conversations, onProgress, pauseMs } = options;
  const third = Math.ceil(conversations / 3);
  const random = new SeededRandom(seed);
  const environment = await ChaosEnvironment.start({
    slack: options.slack,
    instances: options.instances,
    threads: third,
    directs: third,
    discords: conversations - 2 * third,
    ...(options.env === undefined ? {} : { env: options.env }),
  });
  const ledger = new QuestionLedger(environment.conversations, environment.model);
  const begun = performance.now();
  const until = begun + seconds * 1_000;
  const trouble = new Trouble(environment, ledger, options, { begun, until });
  const progress = setInterval(() => {
    const s = Math.round((performance.now() - begun) / 1_000);
    const { asked, open } = ledger;
    onProgress?.(
      `${s} s: ${asked.length} questions, ${open.length} open, ${trouble.summary}, ${ledger.takeovers} begun again`,
    );
  }, progressEveryMs);
  try {
    environment.repeatAndReorderEvents(new SeededRandom(seed + 1));
    const talking = keepAsking(
      ledger,
      environment.conversations,
      random,
      { pauseMs, until, long: 0.05 },
      takeoverMs,
    );
    await Promise.all([talking, trouble.make(new SeededRandom(seed + 2))]);
    await delay(settleMs);
    const broken = [...ledger.broken(), ...misdeeds(environment)];
    const longestMs = Math.round(ledger.longestMs);
    const { patienceMs = Infinity } = options;
    if (longestMs > patienceMs) {
      broken.push(`a question waited for ${longestMs} ms: ${ledger.slowest(1)[0]}`);
    }
    return {
      questions: ledger.asked.length,
      kills: trouble.kills,
      spared: trouble.spared,
      redisDeaths: trouble.redisDeaths,
      restarts: trouble.restarts,
      takeovers: ledger.takeovers,
      longestMs,
      slowest: ledger.slowest(5),
      doubled: broken.filter((line) => / has [2-9] answers/.test(line)).length,
      lost: broken.filter((line) => / has 0 answers/.test(line)).length,
      broken,
    };
  } finally {
    clearInterval(progress);
    if (options.logsTo !== undefined) keepLogs(environment, options.logsTo);
    await environment.stop();
  }
}

function keepLogs({ fleet }: ChaosEnvironment, folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (let index = 0; index < fleet.size; index += 1) {
    writeFileSync(join(folder, `instance-${index}.log`), fleet.printed(index));
  }
}

/** What the bot must never do, whatever goes wrong. */
function misdeeds({ slack, discord }: ChaosEnvironment): string[] {
  const { violations, activity } = slack;
  return [
    ...violations.map((violation) => `Slack: ${JSON.stringify(violation)}`),
    ...activity.ephemerals.map(({ text }) => `Slack: somebody was told "${text}"`),
    ...activity.notifications.map(({ mention }) => `Slack: ${mention} was called`),
    ...discord.pings.map((ping) => `Discord: ${JSON.stringify(ping)}`),
  ];
}

/** Makes it go wrong. */
class Trouble {
  kills = 0;
  spared = 0;
  redisDeaths = 0;
  restarts = 0;
  readonly #environment: ChaosEnvironment;
  readonly #ledger: QuestionLedger;
  readonly #options: RandomFailuresOptions;
  readonly #begun: number;
  readonly #until: number;
  readonly #away = new Set<number>();

  constructor(
    environment: ChaosEnvironment,
    ledger: QuestionLedger,
    options: RandomFailuresOptions,
    { begun, until }: { begun: number; until: number },
  ) {
    this.#environment = environment;
    this.#ledger = ledger;
    this.#options = options;
    this.#begun = begun;
    this.#until = until;
  }

  get summary(): string {
    return `${this.kills} kills, ${this.redisDeaths} of Redis, ${this.restarts} restarts`;
  }

  async make(random: SeededRandom): Promise<void> {
    const { redisDiesAt = [], rollsAt = [] } = this.#options;
    await Promise.all([
      this.#killAtRandom(random),
      this.#each(redisDiesAt, () => this.#killRedis()),
      this.#each(rollsAt, () => this.#roll()),
    ]);
  }

  async #killAtRandom(random: SeededRandom): Promise<void> {
    const { killEveryMs, instances } = this.#options;
    if (killEveryMs === undefined) return;
    const back: Promise<void>[] = [];
    for (;;) {
      const at = performance.now() + random.between(...killEveryMs);
      if (at > this.#until) break;
      await delay(at - performance.now());
      const index = random.below(instances);
      if (this.#away.has(index)) continue;
      if (this.#isAtLastTry(index)) {
        this.spared += 1;
        continue;
      }
      this.kills += 1;
      const returned = this.#killAndRevive(index);
      // Told at the end: until then others go on.
      returned.catch(() => undefined);
      back.push(returned);
    }
    await Promise.all(back);
  }

  /** Three deaths in one answer end it with a sentence, as they are to: no chance is left to that. */
  #isAtLastTry(index: number): boolean {
    const { model } = this.#environment;
    return this.#ledger.open.some(
      ({ name }) => model.times(name) >= mostTries && model.latest(name)?.key === apiKeyOf(index),
    );
  }

  async #killAndRevive(index: number): Promise<void> {
    this.#away.add(index);
    await this.#environment.fleet.kill(index);
    await this.#environment.fleet.restart(index);
    this.#away.delete(index);
  }

  async #killRedis(): Promise<void> {
    this.redisDeaths += 1;
    await this.#environment.redis.kill9();
    await delay(this.#options.redisAwayMs ?? 2_000);
    await this.#environment.redis.restart();
  }

  async #roll(): Promise<void> {
    const { fleet } = this.#environment;
    for (let index = 0; index < fleet.size; index += 1) {
      const code = await fleet.terminate(index);
      if (code !== 0) throw new Error(`instance ${index} ended with ${code}`);
      await fleet.restart(index);
      this.restarts += 1;
    }
  }

  async #each(moments: readonly number[], act: () => Promise<void>): Promise<void> {
    for (const moment of moments) {
      const at = this.#begun + moment * (this.#until - this.#begun);
      await delay(Math.max(0, at - performance.now()));
      await act();
    }
  }
}

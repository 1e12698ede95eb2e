import type { TokenTimes } from './paced-model.ts';
import type { QuestionLocation } from './simulated-platform.ts';

/** A bot on a simulated platform. */
export interface Bot {
  /** By question. */
  readonly written: ReadonlyMap<number, TokenTimes>;
  /** What it complained of, and how often. */
  readonly complaints: ReadonlyMap<string, number>;
  /** Where somebody asked; for bots that receive no events. */
  hear?(number: number, location: QuestionLocation): void;
  stop(): Promise<void>;
}

/** What a bot's process is told. */
export type BotCommand =
  | { readonly kind: 'hear'; readonly number: number; readonly location: QuestionLocation }
  /** What it takes is counted from here on. */
  | { readonly kind: 'measure' }
  | { readonly kind: 'report' };

/** What a bot's process tells. */
export type BotMessage =
  | { readonly kind: 'ready' }
  /** So many answers are done. */
  | { readonly kind: 'done'; readonly count: number }
  | ({ readonly kind: 'report' } & BotReport);

export interface BotReport {
  readonly written: readonly (TokenTimes & { readonly number: number })[];
  readonly complaints: readonly (readonly [string, number])[];
  /** From the first question to the last answer's end. */
  readonly cpuSeconds: number;
  readonly loopDelayP99Ms: number;
  readonly loopDelayMaxMs: number;
  readonly peakRssMb: number;
}

// Tested by test/integration/doctor.test.ts
/** Checks that are run and listed together. */
export type CheckupGroup =
  | 'configuration'
  | 'proxy'
  | 'slack'
  | 'discord'
  | 'model'
  | 'store'
  | 'clock';

/** The result of one check. */
export interface Finding {
  /** Such as `slack.scopes`; the same in every version, for machines. */
  readonly id: string;
  readonly group: CheckupGroup;
  /** `warning`: it works, but not as well as it could, or not for long. */
  readonly state: 'ok' | 'warning' | 'failed';
  /** The subject, such as `Scopes`. */
  readonly what: string;
  /** How it is. */
  readonly detail?: string;
  /** What to do, and exactly where. */
  readonly remedy?: string;
}

/**
 * One check of the doctor (`npm run doctor`), which also runs beside a running service. The trap:
 * it must change nothing, take no lock and keep no connection.
 */
export interface Check {
  readonly id: string;
  readonly group: CheckupGroup;
  readonly what: string;
  /** The check without whose own finding this one makes no sense. */
  readonly needs?: string;
  /** The remedy where there was no answer. */
  readonly remedy?: string;
  /**
   * Resolves to the findings. An error becomes a failed finding: of `BadConfiguration` with its own
   * remedy, of any other with `remedy`.
   */
  run(signal: AbortSignal): Promise<readonly Omit<Finding, 'group'>[]>;
}

/** The time on another machine's clock, between two moments on ours, in ms since the epoch. */
export interface ClockReading {
  /** Whose clock it is, such as `Slack`. */
  readonly of: string;
  /** An HTTP date, which is cut to whole seconds, or milliseconds since the epoch. */
  readonly said: string | number;
  readonly sentMs: number;
  readonly receivedMs: number;
}

export type OnClockReading = (reading: ClockReading) => void;

const maxCauses = 5;
/** A port that is not blocked. */
const examplePort = 8_000;

/**
 * Whether a call was not made because the fetch standard blocks its port, such as 6000, 6667 and
 * 10080 (https://fetch.spec.whatwg.org/#port-blocking). Node has no code for it, only these words.
 */
export function isPortBlocked(error: unknown): boolean {
  let current = error;
  for (let depth = 0; depth < maxCauses && current instanceof Error; depth += 1) {
    if (current.message === 'bad port') return true;
    current = current.cause ?? ('original' in current ? current.original : undefined);
  }
  return false;
}

/** The finding about a setting whose address has a blocked port. */
export function describeBlockedPort(
  setting: string,
  address: string,
): { detail: string; remedy: string } {
  return {
    detail: `port ${new URL(address).port} cannot be used: programs that keep to the fetch standard, as this one and browsers, never call it`,
    remedy: `let the server listen on another port, such as ${examplePort}, and correct ${setting}`,
  };
}

/** What is looked at together. */
export type CheckupGroup =
  | 'configuration'
  | 'proxy'
  | 'slack'
  | 'discord'
  | 'model'
  | 'store'
  | 'clock';

/** What one look at Parley's surroundings found. */
export interface Finding {
  /** Such as `slack.scopes`; the same in every version, for machines. */
  readonly id: string;
  readonly group: CheckupGroup;
  /** `warning`: it works, but not as well as it could, or not for long. */
  readonly state: 'ok' | 'warning' | 'failed';
  /** What was looked at, such as `Scopes`. */
  readonly what: string;
  /** How it is. */
  readonly detail?: string;
  /** What to do, and exactly where. */
  readonly remedy?: string;
}

/** A look at one thing. It changes nothing, takes no lock, and keeps no connection. */
export interface Check {
  readonly id: string;
  readonly group: CheckupGroup;
  readonly what: string;
  /** The check without whose own finding this one makes no sense. */
  readonly needs?: string;
  /** What to do if there was no answer. */
  readonly remedy?: string;
  /**
   * What was found. What it throws is a failure of its own: `BadConfiguration` says what to do, for
   * everything else `remedy` does.
   */
  run(signal: AbortSignal): Promise<readonly Omit<Finding, 'group'>[]>;
}

/** What another machine's clock said between two moments on ours, in ms since the epoch. */
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
/** One that nothing blocks. */
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

/** What is to be said about it, of the address in a setting. */
export function describeBlockedPort(
  setting: string,
  address: string,
): { detail: string; remedy: string } {
  return {
    detail: `port ${new URL(address).port} cannot be used: programs that keep to the fetch standard, as this one and browsers, never call it`,
    remedy: `let the server listen on another port, such as ${examplePort}, and correct ${setting}`,
  };
}

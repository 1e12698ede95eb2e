/** A call that a bot made. Times in milliseconds on the shared clock. */
export interface CallRecord {
  readonly at: number;
  /** Such as `chat.update`, or `PATCH /channels/:channel/messages/:message`. */
  readonly method: string;
  /** What a refusal for the rate is counted under. */
  readonly budget: string;
  readonly bytes: number;
  readonly rateLimited: boolean;
  /** What else was wrong with it, if anything. */
  readonly refused: string | undefined;
}

/** What one message of a reply read from when on; undefined from when it was deleted. */
export interface PageChange {
  readonly at: number;
  /** The place of the message among those of its reply. */
  readonly page: number;
  readonly text: string | undefined;
}

/** Where a bot that receives no events finds a question. */
export interface QuestionLocation {
  readonly channel: string;
  readonly id: string;
}

/** A platform with people who ask, and a record of what they saw. */
export interface SimulatedPlatform {
  /** What a bot needs to call. */
  readonly apiUrl: string;
  readonly token: string;
  readonly appToken: string;
  /** Somebody asks; `silently`: no bot hears of it. */
  ask(number: number, options: { silently: boolean }): QuestionLocation;
  /** All that people read of the reply to a question, in the order of time. */
  pageChanges(number: number): PageChange[];
  calls(): CallRecord[];
  /** Pings, previews, and calls that no bot should make. */
  readonly violations: readonly string[];
  stop(): Promise<void>;
}

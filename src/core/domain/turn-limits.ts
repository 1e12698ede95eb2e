/** What one turn may cost at most. */
export interface Bounds {
  /** Tries at a turn that keeps killing the process, before it ends failed. */
  readonly maxAttempts: number;
  /** From the model's start to its end, in milliseconds. */
  readonly maxTurnMs: number;
  /** In UTF-16 units of the model's text. */
  readonly maxReplyChars: number;
  /** A question that is older than this when its turn begins is left, in milliseconds. */
  readonly maxQuestionAgeMs: number;
  /** Of history that the model reads beside the questions. */
  readonly historyTokens: number;
}

/**
 * What must never be found in a log. Every process that the suite starts is given the key, and
 * tests put the words into what people and models say; `ParleyProcess` searches every line that
 * was printed.
 */
export const leakCanaries = {
  key: 'sk-planted-5f1d2c7e9b',
  words: 'plantedwords7c21e8',
  password: 'planted-password-3b9f',
} as const;

/** Throws if anything planted stands in what a process printed. */
export function expectNoLeak(output: string): void {
  for (const [what, value] of Object.entries(leakCanaries)) {
    const line = output.split('\n').find((each) => each.includes(value));
    if (line !== undefined) throw new Error(`the log has the planted ${what}: ${line}`);
  }
}

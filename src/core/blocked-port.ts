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
export function blockedPort(setting: string, address: string): { detail: string; remedy: string } {
  return {
    detail: `port ${new URL(address).port} cannot be used: programs that keep to the fetch standard, as this one and browsers, never call it`,
    remedy: `let the server listen on another port, such as ${examplePort}, and correct ${setting}`,
  };
}

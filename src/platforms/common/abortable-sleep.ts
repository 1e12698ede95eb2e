/** Waits, or until the signal aborts, which is no error; resolves to whether all of it passed. */
export async function waitUnlessAborted(ms: number, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return false;
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const onAbort = (): void => resolve(false);
  signal.addEventListener('abort', onAbort, { once: true });
  const timer = setTimeout(() => resolve(true), ms);
  const passed = await promise;
  clearTimeout(timer);
  signal.removeEventListener('abort', onAbort);
  return passed;
}

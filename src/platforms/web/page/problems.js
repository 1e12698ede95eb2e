import { call } from './api-client.js';

/** One page tells of one problem: the next ones follow from it, or are the same again. */
let told = false;

/** Tells the server, for its log, that this page has a fault: where, and nothing that people wrote. */
export function tell(fault) {
  if (told || !(fault instanceof Error)) return;
  told = true;
  const { name, message, stack } = fault;
  // Firefox and Safari write `draw@http://…`, Chromium `at draw (http://…`.
  const [, at] = /\/assets\/([\w./-]{1,100}:\d+:\d+)/.exec(stack ?? '') ?? [];
  const problem = { type: name, message: message.slice(0, 300), at: at ?? 'unknown:0' };
  // Where not even this is heard, there is nobody left to tell.
  void call('POST', '/api/problems', problem).catch(() => undefined);
}

addEventListener('error', ({ error }) => tell(error));
addEventListener('unhandledrejection', ({ reason }) => tell(reason));

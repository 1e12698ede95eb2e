import { request } from './api-client.js';

/** One report per page: later faults follow from the first, or repeat it. */
let reported = false;

/** Reports a fault of the page for the server's log: its type and place, and no text of people's. */
export function reportProblem(fault) {
  if (reported || !(fault instanceof Error)) return;
  reported = true;
  const { name, message, stack } = fault;
  // Firefox and Safari write `draw@http://…`, Chromium `at draw (http://…`.
  const [, at] = /\/assets\/([\w./-]{1,100}:\d+:\d+)/.exec(stack ?? '') ?? [];
  const problem = { type: name, message: message.slice(0, 300), at: at ?? 'unknown:0' };
  // A report that fails has no other way.
  void request('POST', '/api/problems', problem).catch(() => undefined);
}

addEventListener('error', ({ error }) => reportProblem(error));
addEventListener('unhandledrejection', ({ reason }) => reportProblem(reason));

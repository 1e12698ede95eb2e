// Tested by test/integration/web-conversation.test.ts
import type { PageFormat, PostRequest, Surface, WorkingState } from '../../core/ports/surface.ts';
import type { LiveTurn } from './conversations/conversation-view.ts';
import type { LiveConversation } from './conversations/live-conversations.ts';

/** Least time between two edits of a page, in ms: twenty per second look like steady writing. */
const editFloorMs = 50;
/** Timeout of a call, in ms; no call waits for a network. */
const callTimeoutMs = 5_000;
/** Interval at which the working state is repeated, in ms; on the page it never expires. */
const renewMs = 30_000;

/**
 * The surface of a reply on the web page. A page's key is its id: a post made twice is one page, and
 * a page of an earlier process can be edited.
 */
export function webSurface(conversation: LiveConversation, live: LiveTurn): Surface {
  return {
    format: webFormat,
    budgets: { post: [], edit: [], remove: [] },
    editFloorMs,
    callTimeoutMs,
    working: {
      renewMs,
      tellsWaiting: true,
      async show(state: WorkingState, signal: AbortSignal) {
        signal.throwIfAborted();
        if (JSON.stringify(live.working) === JSON.stringify(state)) return;
        live.working = state;
        conversation.structureChanged();
      },
    },
    async post({ key, index, text }: PostRequest, signal: AbortSignal) {
      signal.throwIfAborted();
      write(key, { index, text });
      return key;
    },
    async find({ key }, signal: AbortSignal) {
      signal.throwIfAborted();
      return live.pages.has(key) ? key : undefined;
    },
    async edit(id: string, text: string, signal: AbortSignal) {
      signal.throwIfAborted();
      write(id, { text });
    },
    async remove(id: string, signal: AbortSignal) {
      signal.throwIfAborted();
      live.remove(id);
      conversation.structureChanged();
    },
  };

  function write(key: string, page: { index?: number; text: string }): void {
    if (live.write(key, page)) conversation.structureChanged();
    else conversation.textChanged();
  }
}

/** Markdown unchanged; long answers are cut so that each page is quick to draw. */
export const webFormat: PageFormat = {
  limit: 10_000,
  render: (markdown) => markdown,
  size: (rendered) => rendered.length,
};

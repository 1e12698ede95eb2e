import type { PageFormat, PostRequest, Surface, WorkingState } from '../../core/ports/surface.ts';
import type { LiveTurn } from './conversations/conversation-view.ts';
import type { LiveConversation } from './conversations/live-conversation.ts';

/** Twenty steps in a second look like steady writing; more would only cost. */
const editFloorMs = 50;
/** Nothing here waits for a network. */
const callTimeoutMs = 5_000;
/** The page's mark does not fade; saying it again costs nothing. */
const renewMs = 30_000;

/**
 * Writes a turn's reply where open pages look. A page's key is its id, so that a post made twice
 * is the same page, and a page of an earlier process can be edited like any other.
 */
export function webSurface(room: LiveConversation, live: LiveTurn): Surface {
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
        room.structureChanged();
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
      room.structureChanged();
    },
  };

  function write(key: string, page: { index?: number; text: string }): void {
    if (live.write(key, page)) room.structureChanged();
    else room.textChanged();
  }
}

/** The page shows markdown as it is; long answers are cut so that one page is quick to draw. */
export const webFormat: PageFormat = {
  limit: 10_000,
  render: (markdown) => markdown,
  size: (rendered) => rendered.length,
};

import type { Message } from '../../../core/domain/message.ts';
import type { WorkingState } from '../../../core/ports/surface.ts';

/** A page as this process wrote it. */
export interface LivePage {
  /** From 0; absent for a page that an earlier process posted: the store knows its place. */
  readonly index?: number;
  readonly text: string;
}

/** What a turn that this process works on shows right now; newer than what the store knows. */
export class LiveTurn {
  readonly id: string;
  readonly messages: readonly Message[];
  /** By the key of their post, which is their id, too. */
  readonly pages = new Map<string, LivePage>();
  /** Keys of pages that the store may still know. */
  readonly removed = new Set<string>();
  working: WorkingState | undefined;
  ended = false;

  constructor(id: string, messages: readonly Message[]) {
    this.id = id;
    this.messages = messages;
  }

  /** Makes a page read `text`; true if the page is new. */
  write(key: string, page: LivePage): boolean {
    const earlier = this.pages.get(key);
    this.pages.set(key, { ...earlier, ...page });
    this.removed.delete(key);
    return earlier === undefined;
  }

  remove(key: string): void {
    this.pages.delete(key);
    this.removed.add(key);
  }
}

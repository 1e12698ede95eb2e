import type { ConversationId } from '../../src/core/domain/conversation.ts';
import type { Message } from '../../src/core/domain/message.ts';
import type { Intake, EarlierEntry, Platform } from '../../src/core/ports/platform.ts';
import type { Outcome, Turn } from '../../src/core/domain/turn.ts';
import { FakeSurface } from './fake-surface.ts';

/** A platform that outlives the process under test, as real ones do. */
export class FakePlatform implements Platform {
  readonly name = 'fake';
  readonly surfaces = new Map<string, FakeSurface>();
  readonly endings: { turn: string; outcome: Outcome }[] = [];
  /** Turns that were left before their end. */
  readonly abandonedTurns: string[] = [];
  /** Sets up the surface of each new turn. */
  onSurface: (surface: FakeSurface, messages: readonly Message[]) => void = () => undefined;

  /** What was said in a conversation before the bot was called into it. */
  readonly said = new Map<ConversationId, EarlierEntry[] | Error>();

  earlierHistory(conversation: ConversationId): Promise<readonly EarlierEntry[]> {
    const said = this.said.get(conversation) ?? [];
    return said instanceof Error ? Promise.reject(said) : Promise.resolve(said);
  }

  start(_intake: Intake): Promise<void> {
    return Promise.resolve();
  }

  stopReceiving(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  surface({ id, messages }: Turn): FakeSurface {
    let surface = this.surfaces.get(id);
    if (surface === undefined) {
      surface = new FakeSurface();
      surface.latencyMs = 1;
      this.onSurface(surface, messages);
      this.surfaces.set(id, surface);
    }
    return surface;
  }

  onTurnEnded(_conversation: ConversationId, turn: string, outcome: Outcome): void {
    this.endings.push({ turn, outcome });
  }

  onTurnAbandoned(_conversation: ConversationId, turn: string): void {
    this.abandonedTurns.push(turn);
  }

  /** What people read of all replies, in the order of their turns. */
  get replies(): string[] {
    return Array.from(this.surfaces.values(), (surface) => surface.pages.join('|'));
  }
}

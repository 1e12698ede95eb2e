import type { RawData, WebSocket } from 'ws';
import { type Payload, closeCode, op } from './protocol.ts';
import type { Session } from './session.ts';

/** A client's payloads may not be larger. */
const largestPayloadBytes = 4_096;

/** Who deals with what a client says. */
export interface ConnectionHandler {
  readonly eventsPerMinute: number;
  identify(connection: Connection, d: unknown): void;
  resume(connection: Connection, d: unknown): void;
  heartbeat(connection: Connection, d: unknown): void;
  requestMembers(session: Session, d: unknown): void;
  closed(connection: Connection, code: number, by: 'client' | 'gateway'): void;
}

/** One client's WebSocket, and the rules of talking on it. */
export class Connection {
  session: Session | undefined;
  readonly #socket: WebSocket;
  readonly #handler: ConnectionHandler;
  #muted = false;
  #closedWith: number | undefined;
  #minuteEndsAt = 0;
  #heardThisMinute = 0;

  constructor(socket: WebSocket, handler: ConnectionHandler) {
    this.#socket = socket;
    this.#handler = handler;
    socket.on('message', (data, isBinary) => this.#onMessage(data, isBinary));
    socket.on('close', (code) => {
      const by = this.#closedWith === undefined ? 'client' : 'gateway';
      handler.closed(this, this.#closedWith ?? code, by);
    });
    // A break is followed by `close`, which is all that matters here.
    socket.on('error', () => undefined);
  }

  send(payload: Payload): void {
    this.sendText(JSON.stringify(payload));
  }

  /** Whatever it is. */
  sendText(text: string): void {
    if (!this.#muted && this.#closedWith === undefined) this.#socket.send(text);
  }

  close(code: number, reason = ''): void {
    if (this.#closedWith !== undefined) return;
    this.#closedWith = code;
    this.#socket.close(code, reason);
  }

  /** Breaks off without a word. */
  drop(): void {
    this.#closedWith ??= 1006;
    this.#socket.terminate();
  }

  /** Says nothing any more, though it looks open; if deaf, does not even see the client go. */
  mute(deaf: boolean): void {
    this.#muted = true;
    if (deaf) this.#socket.pause();
  }

  #onMessage(data: RawData, isBinary: boolean): void {
    if (this.#closedWith !== undefined) return;
    if (this.#isTooMuch()) {
      this.close(closeCode.rateLimited, 'You are being rate limited.');
      return;
    }
    const payload = isBinary ? undefined : parsed((data as Buffer).toString());
    if (payload === undefined) {
      this.close(closeCode.decodeError, 'Error while decoding payload.');
      return;
    }
    this.#handle(payload);
  }

  #handle({ op: what, d }: Payload): void {
    const { session } = this;
    switch (what) {
      case op.heartbeat:
        this.#handler.heartbeat(this, d);
        return;
      case op.identify:
      case op.resume:
        if (session !== undefined) {
          this.close(closeCode.alreadyAuthenticated, 'Already authenticated.');
        } else if (what === op.identify) this.#handler.identify(this, d);
        else this.#handler.resume(this, d);
        return;
      case op.presence:
      case op.voiceState:
      case op.requestSounds:
      case op.requestMembers:
        if (session === undefined) this.close(closeCode.notAuthenticated, 'Not authenticated.');
        else if (what === op.requestMembers) this.#handler.requestMembers(session, d);
        return;
      default:
        this.close(closeCode.unknownOpcode, 'Unknown opcode.');
    }
  }

  #isTooMuch(): boolean {
    const now = performance.now();
    if (now >= this.#minuteEndsAt) {
      this.#minuteEndsAt = now + 60_000;
      this.#heardThisMinute = 0;
    }
    this.#heardThisMinute += 1;
    return this.#heardThisMinute > this.#handler.eventsPerMinute;
  }
}

function parsed(text: string): Payload | undefined {
  if (Buffer.byteLength(text) > largestPayloadBytes) return undefined;
  try {
    const value = JSON.parse(text) as Partial<Payload> | null;
    return typeof value?.op === 'number' ? (value as Payload) : undefined;
  } catch {
    // Answered with a close code: nothing is lost.
    return undefined;
  }
}

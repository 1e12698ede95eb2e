import type { IncomingMessage } from 'node:http';

/** All bodies that are being read together, in bytes. */
const mostBytes = 8 * 1024 * 1024;

/** A body that was not read to its end: `too-large`, or `crowded` out by newer ones. */
export class BodyRefused extends Error {
  override readonly name = 'BodyRefused';
  readonly reason: 'too-large' | 'crowded' | 'aborted';
  constructor(reason: 'too-large' | 'crowded' | 'aborted', options?: ErrorOptions) {
    super(`the body was not read: ${reason}`, options);
    this.reason = reason;
  }
}

interface Body {
  bytes: number;
  readonly crowdOut: () => void;
}

/**
 * Reads bodies of which nobody knows yet who sent them. Together they never hold more than 8 MiB:
 * beyond that the oldest is given up, as Slack's own come whole within a moment.
 */
export class UnsignedBodies {
  readonly #maxBytes: number;
  readonly #reading = new Set<Body>();
  #bytes = 0;

  /** @param maxBytes of one body */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Throws `BodyRefused`. */
  async read(request: IncomingMessage): Promise<Buffer> {
    const end = new AbortController();
    const body: Body = { bytes: 0, crowdOut: () => end.abort(new BodyRefused('crowded')) };
    this.#reading.add(body);
    const chunks: Buffer[] = [];
    try {
      await new Promise<void>((resolve, reject) => {
        end.signal.addEventListener('abort', () => reject(end.signal.reason));
        request.on('data', (chunk: Buffer) => {
          if (end.signal.aborted) return;
          // Nothing that comes behind it counts: that is over for this body.
          if (body.bytes + chunk.length > this.#maxBytes)
            return end.abort(new BodyRefused('too-large'));
          chunks.push(chunk);
          this.#grow(body, chunk.length);
        });
        request.on('end', resolve);
        request.on('error', (cause) => reject(new BodyRefused('aborted', { cause })));
        request.on('close', () => reject(new BodyRefused('aborted')));
      });
      return Buffer.concat(chunks);
    } finally {
      this.#reading.delete(body);
      this.#bytes -= body.bytes;
    }
  }

  #grow(body: Body, bytes: number): void {
    body.bytes += bytes;
    this.#bytes += bytes;
    if (this.#bytes <= mostBytes) return;
    for (const oldest of this.#reading) {
      if (oldest === body) continue;
      this.#reading.delete(oldest);
      oldest.crowdOut();
      return;
    }
  }
}

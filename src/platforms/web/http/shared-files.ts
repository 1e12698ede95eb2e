import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';

/** Handed on at a time, in bytes; the next piece once that one is on its way. */
const pieceBytes = 64 * 1_024;

/** A file's contents, of which there is one copy, however many are being sent it. */
export interface SharedFile {
  readonly bytes: Uint8Array;
  /** As an ETag, with its quotation marks. */
  readonly tag: string;
}

interface Version {
  readonly changedMs: number;
  readonly size: number;
  readonly file: Promise<SharedFile>;
}

/** Files that are read once, and again after they have changed. */
export class SharedFiles {
  readonly #versions = new Map<string, Version>();

  /** Undefined if there is none. */
  async read(url: URL): Promise<SharedFile | undefined> {
    try {
      const { mtimeMs: changedMs, size } = await stat(url);
      const known = this.#versions.get(url.href);
      if (known?.changedMs === changedMs && known.size === size) return await known.file;
      const version = { changedMs, size, file: load(url) };
      this.#versions.set(url.href, version);
      version.file.catch(() => this.#versions.delete(url.href));
      return await version.file;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }
}

/** Pieces of the one copy, as fast as they are taken. */
export function streamOf({ bytes }: SharedFile): ReadableStream<Uint8Array> {
  let sent = 0;
  return new ReadableStream(
    {
      pull(controller) {
        controller.enqueue(bytes.subarray(sent, sent + pieceBytes));
        sent += pieceBytes;
        if (sent >= bytes.length) controller.close();
      },
    },
    { highWaterMark: 0 },
  );
}

async function load(url: URL): Promise<SharedFile> {
  const bytes = await readFile(url);
  return { bytes, tag: `"${createHash('sha256').update(bytes).digest('base64url')}"` };
}

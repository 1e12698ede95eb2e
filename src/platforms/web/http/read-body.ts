// Tested by test/integration/web-safety.test.ts
import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { parseForeignJson } from '../../../core/foreign-data.ts';

/** Reads a body of at most `maxBytes`; a longer one is refused with 413 and `sentence`. */
export async function readText(c: Context, maxBytes: number, sentence: string): Promise<string> {
  const tooMuch = () => new HTTPException(413, { message: sentence });
  if (Number(c.req.header('Content-Length') ?? 0) > maxBytes) throw tooMuch();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of c.req.raw.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) throw tooMuch();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Reads a JSON body, with the same limit. */
export async function readJson(c: Context, maxBytes: number, sentence: string): Promise<unknown> {
  const text = await readText(c, maxBytes, sentence);
  try {
    return parseForeignJson(text);
  } catch (cause) {
    throw new HTTPException(400, { message: 'That is not JSON.', cause });
  }
}

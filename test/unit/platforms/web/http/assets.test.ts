import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  assetRoutes,
  SharedFiles,
  streamOf,
} from '../../../../../src/platforms/web/http/assets.ts';

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'parley-files-'));
  path = join(folder, 'a.js');
});

afterEach(() => rmSync(folder, { recursive: true }));

async function whole(stream: ReadableStream<Uint8Array>): Promise<string> {
  return new Response(stream).text();
}

it('hands the same bytes to everybody, in pieces', async () => {
  const text = 'x'.repeat(200_000);
  writeFileSync(path, text);
  const files = new SharedFiles();
  const asked = [0, 1, 2].map(() => files.read(pathToFileURL(path)));
  const [first, ...others] = await Promise.all(asked);
  for (const other of others) expect(other).toBe(first);
  const piece = await streamOf(first!).getReader().read();
  expect(piece.value?.buffer).toBe(first!.bytes.buffer);
  expect(piece.value?.length).toBeLessThan(100_000);
  expect(await whole(streamOf(first!))).toBe(text);
});

it('reads a file again once it has changed', async () => {
  const files = new SharedFiles();
  const url = pathToFileURL(path);
  expect(await files.read(url)).toBeUndefined();
  writeFileSync(path, '');
  const empty = await files.read(url);
  expect(await whole(streamOf(empty!))).toBe('');
  writeFileSync(path, 'one');
  const one = await files.read(url);
  writeFileSync(path, 'two');
  utimesSync(path, 1, 1);
  const two = await files.read(url);
  expect(await whole(streamOf(one!))).toBe('one');
  expect(await whole(streamOf(two!))).toBe('two');
  expect(new Set([empty!.tag, one!.tag, two!.tag]).size).toBe(3);
  rmSync(path);
  expect(await files.read(url)).toBeUndefined();
});

it('says how long an asset is, and sends it only to those who have not got it', async () => {
  const routes = assetRoutes();
  const ask = (method: string, headers = {}) =>
    routes.request('/assets/vendor/marked.js', { method, headers });
  const got = await ask('GET');
  const { length } = await got.arrayBuffer().then((bytes) => Buffer.from(bytes));
  expect(got.headers.get('content-length')).toBe(String(length));
  const head = await ask('HEAD');
  expect(head.headers.get('content-length')).toBe(String(length));
  expect(await head.text()).toBe('');
  const tag = got.headers.get('etag') ?? '';
  const again = await ask('GET', { 'If-None-Match': tag });
  expect(again.status).toBe(304);
  expect(again.headers.get('content-length')).toBeNull();
  expect((await ask('GET', { 'If-None-Match': '"other"' })).status).toBe(200);
});

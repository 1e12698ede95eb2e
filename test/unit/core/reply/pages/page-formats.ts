import type { PageFormat } from '../../../../../src/core/ports/surface.ts';

/** What is written is what is sent, counted in UTF-16 units. */
export function asIs(limit: number): PageFormat {
  return { limit, render: (markdown) => markdown, size: (text) => text.length };
}

const escapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/** Escaped, counted in UTF-8 bytes. */
export function escapedBytes(limit: number): PageFormat {
  return {
    limit,
    render: (markdown) => markdown.replaceAll(/[&<>]/g, (char) => escapes[char] ?? char),
    size: (text) => Buffer.byteLength(text),
  };
}

/** Counted in code points. */
export function codePoints(limit: number): PageFormat {
  return { limit, render: (markdown) => markdown, size: (text) => Array.from(text).length };
}

/** Pads the lines of tables to one width, so that one more row can make all of them longer. */
export function padded(limit: number): PageFormat {
  return {
    limit,
    render: (markdown) => {
      const lines = markdown.split('\n');
      const width = Math.max(...lines.map((line) => (line.startsWith('|') ? line.length : 0)));
      return lines.map((line) => (line.startsWith('|') ? line.padEnd(width) : line)).join('\n');
    },
    size: (text) => text.length,
  };
}

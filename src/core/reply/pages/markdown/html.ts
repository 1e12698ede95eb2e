/** Raw HTML that goes on over blank lines until its own end, by how it begins. */
const kinds: readonly (readonly [RegExp, string])[] = [
  [/^<!--/, '-->'],
  [/^<\?/, '?>'],
  [/^<![a-z]/i, '>'],
  [/^<!\[CDATA\[/, ']]>'],
  [/^<script(?=[\s>]|$)/i, '</script>'],
  [/^<pre(?=[\s>]|$)/i, '</pre>'],
  [/^<style(?=[\s>]|$)/i, '</style>'],
  [/^<textarea(?=[\s>]|$)/i, '</textarea>'],
];

/** What ends the raw HTML that is open behind these lines; empty if none is. */
export function htmlEnd(lines: readonly string[]): string {
  let end = '';
  for (const line of lines) {
    if (end === '') end = kinds.find(([begin]) => begin.test(line))?.[1] ?? '';
    if (end !== '' && line.toLowerCase().includes(end.toLowerCase())) end = '';
  }
  return end;
}

/** Markdown as models write it, `chars` UTF-16 units of it: prose, lists, code, tables. */
export function sampleMarkdown(chars: number): string {
  let text = '';
  for (let part = 1; text.length < chars; part += 1) {
    text +=
      `## Part ${part}\n\n` +
      'People read this **while it is written**, so the words come *steadily*, with a ' +
      `[link](https://example.com/${part}) here and \`code\` there. `.repeat(3) +
      `\n\n- first point of ${part}\n- second point, with **weight**\n  - nested under it\n\n` +
      `\`\`\`ts\nexport function part${part}(): number {\n  return ${part};\n}\n\`\`\`\n\n` +
      `| name | value |\n| --- | --- |\n| part | ${part} |\n| square | ${part * part} |\n\n`;
  }
  return text.slice(0, chars);
}

/** As a model would stream it: about 4 UTF-16 units at a time. */
export function deltasOf(text: string): string[] {
  return text.match(/[\s\S]{1,4}/gu) ?? [];
}

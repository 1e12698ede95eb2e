import { parseEnv } from 'node:util';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { decoded, lossOf, statementsIn } from '../../../src/config/env-file.ts';

const text = 'PORT=3001\nSYSTEM_PROMPT=grüezi';

it.each([
  ['UTF-8', Buffer.from(text)],
  ['UTF-8 with a mark', Buffer.from(`\u{FEFF}${text}`)],
  ['UTF-16, as PowerShell writes', Buffer.from(`\u{FEFF}${text}`, 'utf16le')],
  ['UTF-16 of the other order', Buffer.from(`\u{FEFF}${text}`, 'utf16le').swap16()],
])('a file in %s can be read', (_, bytes) => {
  expect(decoded(bytes)).toBe(text);
});

it('a file in Latin-1 has characters that can be told', () => {
  const [, statement] = statementsIn(decoded(Buffer.from(text, 'latin1')));
  expect(lossOf(statement!, { text: true, lines: true })).toContain('not UTF-8');
});

/** Names, values and lines of all kinds, of the characters that mean something. */
const files = fc
  .array(fc.stringMatching(/^(?:[ \t]|[A-C]|[=#"'`]|export |\\n|x)*$/), { maxLength: 6 })
  .map((lines) => lines.join('\n'));

it('says what Node says of a file in which no value is blank and no line mixes up names', () => {
  fc.assert(
    fc.property(files, (file) => {
      const statements = statementsIn(file);
      // There Node takes the next line for the value, or a line and the next for a name.
      fc.pre(!/=[ \t]*$/m.test(file));
      fc.pre(statements.every(({ name }) => /^[A-C]+$/.test(name)));
      // Behind an empty comment it takes another comment for a name.
      fc.pre(Object.keys(parseEnv(file)).every((name) => /^[A-C]+$/.test(name)));
      const own = Object.fromEntries(
        statements.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]])),
      );
      expect(own).toEqual({ ...parseEnv(file) });
    }),
    { numRuns: 500 },
  );
});

it('tells a loss wherever a value is not what stands behind its "=", quotes and comment aside', () => {
  const written = fc.stringMatching(/^(?:[ab ]|[#"'`])*$/);
  fc.assert(
    fc.property(written, (written) => {
      const [statement] = statementsIn(`A=${written}`);
      const loss = lossOf(statement!, { text: true, lines: true });
      const whole = written.trim();
      const quoted = /^(["'`])(.*?)\1(?:\s+#.*)?$/.exec(whole)?.[2];
      if (loss === undefined) expect([whole, quoted]).toContain(statement!.value);
    }),
    { numRuns: 500 },
  );
});

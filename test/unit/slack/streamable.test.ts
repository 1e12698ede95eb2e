import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Pages } from '../../../src/core/reply/pages.ts';
import { slackFormat } from '../../../src/platforms/slack/format.ts';
import { streamable } from '../../../src/platforms/slack/streamable.ts';
import {
  brokenDocument,
  document,
  fencedDocument,
  pieces,
  rhythm,
} from '../reply/markdown-arbitrary.ts';
import { linksIn, mentionsIn } from '../../fakes/slack/calls-to-people.ts';

describe('what a stream may show', () => {
  it.each([
    ['a < ', 'a'],
    ['see <', 'see'],
    ['see <!', 'see'],
    ['see <!chan', 'see'],
    ['see <@U1', 'see'],
    // `<!channels>` is no order.
    ['see <\u2060!channel', 'see'],
    ['see <div>', 'see <div>'],
    ['see [the', 'see'],
    ['see [the plan]', 'see'],
    ['see [the plan] and', 'see [the plan] and'],
    ['- [ ] to do', '- [ ] to do'],
    ['see http', 'see'],
    ['see https:', 'see'],
    ['see https:/', 'see'],
    ['see www', 'see'],
    ['Note:', ''],
    ['Note: this', 'Note: this'],
    ['Look!', 'Look'],
    ['two\n\n', 'two'],
  ])('of %j it is %j, as what comes next may change the rest', (text, shown) => {
    expect(streamable(text)).toEqual({ text: shown, over: false });
  });

  it.each([
    ['see https://a.example/x', 'see'],
    ['see <https://a.example>', 'see'],
    ['see [the plan](x', 'see'],
    ['see ![the plan](x', 'see'],
    ['see www.a.example', 'see'],
    ['write to mailto:a@b.example', 'write to'],
    ['open slack://x', 'open'],
  ])('ends before the address in %j', (text, shown) => {
    expect(streamable(text)).toEqual({ text: shown, over: true });
    expect(streamable(text, true)).toEqual({ text: shown, over: true });
  });

  it('is all of a final text', () => {
    expect(streamable('see [the plan] <!', true)).toEqual({
      text: 'see [the plan] <!',
      over: false,
    });
  });

  it('only ever grows, up to the text as it reads in the end, however it comes', () => {
    const text = fc.oneof(document, fencedDocument, brokenDocument);
    fc.assert(
      fc.property(text, rhythm, (all, lengths) => {
        const pages = new Pages(slackFormat);
        let sent = '';
        for (const delta of pieces(all, lengths)) {
          pages.push(delta);
          const written = pages.live()?.written?.();
          if (pages.frozen.length > 0) return;
          if (written === undefined) continue;
          expect(written.startsWith(sent)).toBe(true);
          const { text: shown, over } = streamable(written);
          if (shown.length > sent.length) sent = shown;
          expect(linksIn(sent)).toEqual([]);
          expect(mentionsIn(sent)).toEqual([]);
          if (over) return;
        }
        pages.end();
        expect(pages.live()?.text.startsWith(sent) ?? sent === '').toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PageSplitter } from '../../../../../src/core/reply/pages/page-splitter.ts';
import { findUrl, streamableText } from '../../../../../src/platforms/slack/reply/link-safety.ts';
import { slackFormat } from '../../../../../src/platforms/slack/reply/markdown-format.ts';
import {
  brokenDocument,
  document,
  fencedDocument,
  pieces,
  rhythm,
} from '../../../core/reply/pages/markdown-arbitrary.ts';
import { linksIn, mentionsIn } from '../../../../fakes/slack/mentions-and-links.ts';

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
    // No address, if it goes on with `ICE`.
    ['see process.env.PR', 'see'],
    ['see process.env.PRICE', 'see process.env.PRICE'],
    ['see evil.com', 'see'],
    ['e.g. main.ts, node.js, v1.2.3-rc.1', 'e.g. main.ts, node.js, v1.2.3-rc.1'],
    ['is it main.ts? yes', 'is it main.ts? yes'],
    ['vitest.config.ts:12 on', 'vitest.config.ts:12 on'],
    ['main.py, notes.md or install.sh', 'main.py, notes.md or install.sh'],
    ['10.0.0.1 and and/or', '10.0.0.1 and and/or'],
    ['map[key]: int', 'map[key]: int'],
    ['a [b], [c]\n\n- [ ] d: e', 'a [b], [c]\n\n- [ ] d: e'],
  ])('of %j it is %j, as what comes next may change the rest', (text, shown) => {
    expect(streamableText(text)).toEqual({ text: shown, over: false });
  });

  it.each([
    ['see https://a.example/x', 'see'],
    ['see <https://a.example>', 'see'],
    ['see [the plan](x', 'see'],
    ['see ![the plan](x', 'see'],
    ['see www.a.example', 'see'],
    ['write to mailto:a@b.example', 'write to'],
    ['open slack://x', 'open'],
    // Whatever a link's label is.
    ['see [a[b]c](evil&#46;com/x)', 'see'],
    ['see [a\\]b](evil&#46;com/x)', 'see'],
    ['see [a\nb](evil&#46;com/x)', 'see'],
    ['see [a] b](evil&#46;com/x)', 'see [a] b'],
    ['see [x].\n\n[x]: evil&#46;com/y', 'see [x].'],
    ['see [x]\n> 1. [x\ny]: evil&#46;com/y', 'see [x]\n> 1.'],
    // Without a scheme, too, Slack makes a link of it.
    ['see evil.example.com/?d=secret', 'see'],
    ['see <evil.com/x>', 'see'],
    ['see evil.zip/x', 'see'],
    ['see evil.zip?x', 'see'],
    ['see evil.zip#x', 'see'],
    ['see evil.com:8080/x', 'see'],
    ['see evil\\.com/x', 'see'],
    ['see 192.0.2.1/x', 'see'],
    ['see вред.рф/x', 'see'],
    ['see xn--b1a.xn--p1ai/x', 'see'],
    ['see secret.evil.photography now', 'see'],
    ['see evil.com_x now', 'see'],
    ['ask x.y@secret.evil.com now', 'ask'],
    ['at evil.com.', 'at'],
  ])('ends before the address in %j', (text, shown) => {
    expect(streamableText(text)).toEqual({ text: shown, over: true });
    expect(streamableText(text, true)).toEqual({ text: shown, over: true });
  });

  it('is all of a final text', () => {
    expect(streamableText('see [the plan] <!', true)).toEqual({
      text: 'see [the plan] <!',
      over: false,
    });
  });

  it('is no more than these expressions tell, which say plainly some of it and take long', () => {
    const address = /!?\[[^\]\n]*\]\(|<?[a-z][a-z0-9+.-]*:\/\/|<?mailto:|www\./i;
    const unfinished = [
      /<\u2060?(?:[!@#][\w^]*)?$/,
      /!$/,
      /!?\[[^\]\n]{0,1000}\]?$/,
      /<?\b(?:https?|www|[a-z][a-z0-9+.-]*:\/?)$/i,
    ];
    const marks = ['[', ']', '(', ')', '](', '<', '<!', '!', '@', '#', '^', '\u2060', '_', '`'];
    const words = [
      'http',
      's',
      'com',
      '://',
      ':',
      '/',
      'www',
      '.',
      'mailto',
      'a.example',
      'A',
      '1',
      '-',
    ];
    const piece = fc.constantFrom(...marks, ...words, ' ', '\n');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 15 }), (chosen) => {
        const text = chosen.join('');
        const at = text.search(address);
        let shown = (at < 0 ? text : text.slice(0, at)).trimEnd();
        for (const pattern of at < 0 ? unfinished : []) {
          const from = shown.search(pattern);
          if (from >= 0) shown = shown.slice(0, from);
        }
        const streamed = streamableText(text);
        // What is open before an address that ends the stream stays so.
        const most = at < 0 && streamed.over ? text : shown.trimEnd();
        expect(most.startsWith(streamed.text)).toBe(true);
        expect(streamableText(text, true).over || at < 0).toBe(true);
      }),
      { numRuns: 20_000 },
    );
  });

  it('is no address, wherever it is cut', () => {
    const marks = ['[', ']', '(', '<', '!', '@', '_', '-', '\\', ':', '/', '?', ' ', '\n'];
    const words = ['http', '://', 'www', '.', 'mailto:', 'evil', '.com', 'evil.com', 'x', '1'];
    const piece = fc.constantFrom(...marks, ...words);
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), fc.boolean(), (chosen, final) => {
        expect(findUrl(streamableText(chosen.join(''), final).text)).toBeUndefined();
      }),
      { numRuns: 20_000 },
    );
  });

  it.each([
    'a',
    '0f',
    '[',
    '![',
    'word [',
    '](',
    '[x](',
    '<!',
    '<',
    'a:',
    'a.',
    ':/',
    ' ',
    '- [',
    'a@',
    'ab.cd ',
    '- ',
    '[a]',
    '1.',
    '\n',
  ])(
    'of a page of %j is soon known, each time anew, and so is how it reads',
    (piece) => {
      const page = piece.repeat(9_000 / piece.length);
      for (let times = 0; times < 200; times += 1) {
        streamableText(page);
        slackFormat.render(page);
      }
    },
    4_000,
  );

  it('only ever grows, up to the text as it reads in the end, however it comes', () => {
    const text = fc.oneof(document, fencedDocument, brokenDocument);
    fc.assert(
      fc.property(text, rhythm, (all, lengths) => {
        const pages = new PageSplitter(slackFormat);
        let sent = '';
        for (const delta of pieces(all, lengths)) {
          pages.push(delta);
          const written = pages.live()?.written?.();
          if (pages.frozen.length > 0) return;
          if (written === undefined) continue;
          expect(written.startsWith(sent)).toBe(true);
          const { text: shown, over } = streamableText(written);
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

import type { EventLoopYield } from '../../../src/core/timing.ts';
import type { PageFormat } from '../../../src/core/ports/surface.ts';
import {
  cleanName,
  cleanText,
  isNewCommand,
  isStopCommand,
  cleanMessage,
} from '../../../src/core/domain/message.ts';
import { parseForeignJson } from '../../../src/core/foreign-data.ts';
import { conversationId } from '../../../src/core/domain/conversation.ts';
import { countTokens, buildPrompt } from '../../../src/core/turns/prompt.ts';
import { completeInline } from '../../../src/core/reply/pages/complete-markdown.ts';
import { htmlEnd, outside, readLines } from '../../../src/core/reply/pages/markdown/blocks.ts';
import { uncuttableSpans } from '../../../src/core/reply/pages/markdown/inline-spans.ts';
import { openMarks } from '../../../src/core/reply/pages/markdown/emphasis.ts';
import { PageSplitter } from '../../../src/core/reply/pages/page-splitter.ts';
import { discordFormat } from '../../../src/platforms/discord/reply/markdown-format.ts';
import { slackFormat } from '../../../src/platforms/slack/reply/markdown-format.ts';
import { webFormat } from '../../../src/platforms/web/surface.ts';
import { answer, type Subject } from './subject.ts';

const message = (text: string) => ({
  id: '1',
  conversation: conversationId('web', 'a'),
  author: { id: 'a', name: text },
  text,
  sentAt: 0,
  kind: 'question' as const,
});

/** Lets nobody else have a turn, so that all is counted at once. */
const breathless = { ifDue: () => undefined } as unknown as EventLoopYield;

/** All of it at once, and its end. */
function pagesOf(format: PageFormat, text: string): unknown {
  const pages = new PageSplitter(format);
  pages.push(text);
  pages.end('a note');
  return pages.live();
}

/** A format whose pages are as long as is wanted, so that the square of a page can be seen. */
const pagesOfChars = (limit: number): PageFormat => ({
  limit,
  render: (markdown) => markdown,
  size: ({ length }) => length,
});

/** One page that grows, with all that is looked for on it. */
function written(text: string): unknown {
  const pages = new PageSplitter(pagesOfChars(Math.ceil(text.length * 1.2)));
  pages.push(text);
  pages.live();
  pages.upToBreak();
  pages.endBlock(0);
  return pages.live();
}

/** Of what people write anywhere, and of what models write. */
export const core: readonly Subject[] = [
  {
    name: 'isStop',
    run: isStopCommand,
    frames: [
      ['', ''],
      ['stop', 'a'],
    ],
  },
  {
    name: 'isNew',
    run: isNewCommand,
    frames: [
      ['', ''],
      ['new', 'a'],
    ],
  },
  // Nothing that it refuses: that throws.
  { name: 'parseForeignJson', run: (text) => parseForeignJson(JSON.stringify([text])) },
  { name: 'cleanText', run: cleanText },
  { name: 'cleanName', run: cleanName },
  { name: 'tidyMessage', run: (text) => cleanMessage(message(text)) },
  { name: 'prompt', run: (text) => buildPrompt('', [], [message(text), message('a')], 1_000) },
  { name: 'countTokens', run: (text) => void countTokens(text, breathless) },
  { name: 'readLines', run: (text) => readLines(outside, false, text) },
  { name: 'openMarks', run: openMarks },
  { name: 'constructs', run: uncuttableSpans },
  { name: 'healInline', run: (text) => completeInline(text) },
  { name: 'htmlEnd', run: (text) => htmlEnd(text.split('\n')) },
  {
    // Not the half: then chance decides whether all of the rest fits on the second.
    name: 'two long pages and a shorter one',
    run: (text) => pagesOf(pagesOfChars(Math.ceil(text.length * 0.4)), text),
    bound: answer,
  },
  { name: 'a page that grows', run: written, bound: answer },
  ...Object.entries({ web: webFormat, slack: slackFormat, discord: discordFormat }).map(
    ([name, format]): Subject => ({
      name: `pages for ${name}`,
      run: (text) => pagesOf(format, text),
      leastChars: 20_000,
      bound: answer,
    }),
  ),
];

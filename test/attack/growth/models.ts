import { ago, table } from '../../../src/commands/command.ts';
import { createLog } from '../../../src/log.ts';
import { readProviderError, toModelFailed } from '../../../src/models/errors/provider-error.ts';
import { answer } from '../../../src/models/demo/answer.ts';
import { parseQuestion } from '../../../src/models/demo/question.ts';
import { withoutQuotes } from '../../../src/models/errors/without-quotes.ts';
import type { Subject } from './subject.ts';

const log = createLog({
  level: 'info',
  secrets: ['sk-secret'],
  readable: false,
  destination: { write() {} },
});

/** Of what models and their servers answer, and of what is told of it. */
export const models: readonly Subject[] = [
  { name: 'complaintOf', run: (text) => readProviderError({ message: text, responseBody: text }) },
  {
    name: 'toModelFailed',
    run: (text) =>
      toModelFailed({ statusCode: 400, message: text, data: { error: { code: text } } }),
  },
  { name: 'withoutQuotes', run: (text) => withoutQuotes(text, [text]) },
  { name: 'questionOf', run: (text) => parseQuestion([{ role: 'user', text }]) },
  { name: 'demo answer', run: (text) => answer([{ role: 'user', text }], () => 0.5) },
  { name: 'log', run: (text) => log.warn({ err: new Error(text), text }, 'attacked') },
  { name: 'table', run: (text) => table(['A', ago(1)], [[text, text]]) },
];

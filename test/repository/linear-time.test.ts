import { expect, it } from 'vitest';
import { measure } from '../attack/growth/measure.ts';
import { subjects } from '../attack/growth/subjects.ts';

/**
 * `npm run attack` measures more, and closer. Here a machine may be busy: four times the text may
 * take nine times as long, where the square would be sixteen. Processor time, not a clock.
 */
const options = { chars: 4_000, times: 4, mostRatio: 9, floorMs: 40, tries: 4 };
/** What needs many pages to tell anything takes too long here; of one page others tell. */
const short = subjects.filter(({ leastChars }) => leastChars === undefined);

it.each(short.map((subject) => [subject.name, subject] as const))(
  '%s takes time as its text is long, whatever that is',
  (_, subject) => {
    expect(measure(subject, options).slow).toEqual([]);
  },
);

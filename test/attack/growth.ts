import { measure } from './growth/measure.ts';
import { subjects } from './growth/subjects.ts';

/**
 * What every function that sees foreign text takes for 200,000 characters, next to what it takes
 * for half of them, or for as much as it is ever handed. Returns what takes more than 2.5 times as
 * long, in words.
 */
export function measureGrowth(only: RegExp): string[] {
  const broken: string[] = [];
  for (const subject of subjects.filter(({ name }) => only.test(name))) {
    const options = { chars: 100_000, times: 2, mostRatio: 2.5, floorMs: 40, tries: 5 };
    const { slow, worst } = measure(subject, options);
    for (const { name, input, ms, ratio } of slow) {
      broken.push(`${name}: ${ms} ms, ${ratio.toFixed(1)} times as long, for ${input}`);
    }
    const { chars, why } = subject.bound ?? { chars: 200_000, why: undefined };
    const note = why === undefined ? '' : `; no more, as ${why}`;
    const slowest =
      worst.ms === 0 ? `less than ${options.floorMs} ms` : `${worst.ms} ms, ${worst.input}`;
    console.log(`${subject.name}: ${chars} characters in ${slowest}${note}`);
  }
  return broken;
}

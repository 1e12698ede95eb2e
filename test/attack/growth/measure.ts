import { repeated, units } from './inputs.ts';
import type { Subject } from './subject.ts';

/** So many inputs tell enough of a function, and each takes long. */
const enough = 3;

/** How a function's time grows with its text. */
export interface Growth {
  readonly name: string;
  readonly input: string;
  /** Of processor time, for the longer text. */
  readonly ms: number;
  /** What the longer text takes of what the shorter one takes. */
  readonly ratio: number;
}

export interface MeasureOptions {
  /** Length of the shorter text, in UTF-16 units. */
  readonly chars: number;
  /** How many times as long the longer one is. */
  readonly times: number;
  /** Linear time takes as many times as long, and a machine's moods come on top. */
  readonly mostRatio: number;
  /** What takes less processor time, in ms, is no attack, and too little to be measured. */
  readonly floorMs: number;
  /** The best of so many counts. */
  readonly tries: number;
  /** The inputs; all of them by default. */
  readonly units?: readonly string[];
}

/**
 * The inputs for which a function takes more than `mostRatio` times as long where the text is
 * `times` as long, and the one that took longest of all. Processor time is measured: what else the
 * machine does is none of it.
 */
export function measure(
  subject: Subject,
  options: MeasureOptions,
): { readonly slow: readonly Growth[]; readonly worst: Growth } {
  const { times, mostRatio, floorMs, tries } = options;
  const most = Math.floor((subject.bound?.chars ?? Infinity) / times);
  const chars = Math.min(Math.max(options.chars, subject.leastChars ?? 0), most);
  const slow: Growth[] = [];
  let worst: Growth = { name: subject.name, input: '', ms: 0, ratio: 0 };
  for (const frame of subject.frames ?? [['', '']]) {
    for (const unit of options.units ?? units) {
      const input = JSON.stringify([frame[0], unit, frame[1]]);
      const long = repeated(unit, chars * times, frame);
      const short = repeated(unit, chars, frame);
      let [longMs, shortMs] = [cpuMs(subject, long), Infinity];
      let ratio = 0;
      for (let tried = 0; tried < tries && longMs > floorMs; tried += 1) {
        shortMs = Math.min(shortMs, cpuMs(subject, short));
        ratio = longMs / shortMs;
        if (ratio <= mostRatio) break;
        longMs = Math.min(longMs, cpuMs(subject, long));
        ratio = longMs / shortMs;
        if (ratio <= mostRatio) break;
      }
      const growth = { name: subject.name, input, ms: Math.round(longMs), ratio };
      if (longMs > worst.ms) worst = growth;
      if (longMs > floorMs && ratio > mostRatio) slow.push(growth);
      if (slow.length >= enough) return { slow, worst };
    }
  }
  return { slow, worst };
}

function cpuMs({ run }: Subject, text: string): number {
  const before = process.cpuUsage();
  run(text);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

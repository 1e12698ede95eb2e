import { parseArgs } from 'node:util';
import { measureGrowth } from './growth.ts';
import { attackUnderLoad } from './load.ts';

const help = `npm run attack [-- part …] [options]

What strangers can do to Parley. Each part says what does not hold; then the exit code is 1.

  growth    every function that sees foreign text, for texts of 100,000 and 200,000 characters

  load      floods by HTTP, Slack, Discord and the page beside ten answers, on 127.0.0.1 alone

  --only <name>   of the functions, or of the floods, those whose name this regular expression finds
  --seconds <n>   how long each flood lasts, and all of them together four times as long; 3
  --help`;

const parts: Record<string, () => string[] | Promise<string[]>> = {
  growth: () => measureGrowth(new RegExp(values.only)),
  load: () => attackUnderLoad({ seconds: Number(values.seconds), only: values.only }),
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string', default: '' },
    seconds: { type: 'string', default: '3' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(help);
  process.exit(0);
}
const broken: string[] = [];
for (const name of positionals.length === 0 ? Object.keys(parts) : positionals) {
  const part = parts[name];
  if (part === undefined) {
    console.error(`There is no "${name}".\n\n${help}`);
    process.exit(1);
  }
  broken.push(...(await part()).map((line) => `${name}: ${line}`));
}
for (const line of broken) console.error(line);
process.exit(broken.length === 0 ? 0 : 1);

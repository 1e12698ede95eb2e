import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { benchEdits } from './edits.ts';
import { benchRedis } from './redis.ts';
import { benchReplies } from './replies.ts';

const { values } = parseArgs({
  options: { json: { type: 'string' }, help: { type: 'boolean' } },
});
if (values.help === true) {
  console.log(
    'npm run bench [-- --json FILE]\n\nCost per delta and per edit, the shared store, and 500 replies at once.',
  );
  process.exit(0);
}

const rounded = (row: object): object =>
  Object.fromEntries(
    Object.entries(row).map(([name, value]: [string, unknown]) => [
      name,
      typeof value === 'number' ? Math.round(value * 100) / 100 : value,
    ]),
  );

const edits = await benchEdits();
console.log('A delta, and a platform call with all that it renders:');
console.table(edits.costs.map(rounded));
console.log(
  `512 kB costs ${edits.worstRatio.toFixed(2)} times what 32 kB costs, at worst (wanted: 1.2)\n`,
);

const redis = await benchRedis(3_000);
console.log('Redis: turns through inbox and history, and loading what was said:');
console.table([rounded(redis)]);
console.log(
  `the newest of 10,000 messages take ${redis.loadRatio.toFixed(2)} times as long as without the others (wanted: 2)\n`,
);

const replies = await benchReplies(500, 3_000, 60);
console.log('500 replies at once in one process, the model in another:');
console.table([rounded(replies)]);

if (values.json !== undefined) {
  writeFileSync(values.json, JSON.stringify({ edits, redis, replies }, undefined, 2));
}
// A bench that falls short says so to whoever runs it in a script.
const good = edits.worstRatio <= 1.2 && redis.loadRatio <= 2 && replies.whole === replies.replies;
process.exitCode = good ? 0 : 1;

// Tested by test/integration/commands.test.ts
import { readConfig } from '../config/config.ts';
import { runCommand, UsageError, withService } from './command.ts';

const failedCode = 1;

const usage = `Prints the password that the page asks for, and nothing else.

  npm run -s password     WEB_PASSWORD where it is set, else the one that Parley made itself

Parley makes one at its first start where others than this machine can reach the page (HOST) and
WEB_PASSWORD is not set. It is kept in the store, one for all instances, and never changes; to have
another one, set WEB_PASSWORD. It works while Parley runs.
`;

await runCommand({
  usage,
  run: async ({ words }) => {
    if (words.length > 0) throw new UsageError(`"${words[0]}" makes no sense here`);
    const password =
      readConfig().WEB_PASSWORD ?? (await withService((orders) => orders.password()));
    if (password !== undefined) {
      process.stdout.write(`${password}\n`);
      return;
    }
    process.exitCode = failedCode;
    process.stderr.write(
      'The page asks for no password: Parley has made none, and WEB_PASSWORD is not set. It makes one when it starts with a HOST that others can reach, such as HOST=0.0.0.0.\n',
    );
  },
});

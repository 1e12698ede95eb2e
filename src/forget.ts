import { parseArgs } from 'node:util';
import { readConfig } from './config.ts';
import type { ConversationId } from './core/conversation.ts';
import { BadConfiguration, StoreUnavailable } from './core/errors.ts';
import { createLog } from './log.ts';
import { openStore } from './open-store.ts';

const usage = `Deletes what Parley keeps of a conversation or of a person, for good.

  npm run forget -- slack:T1:C1:1700000000.000100   a conversation, as the log names it
  npm run forget -- slack:T1:U1                      a person in Slack (workspace and member ID)
  npm run forget -- discord:123456789012345678       a person in Discord (user ID)

Of a person it deletes what they wrote, everywhere; replies to them stay. A question that is being
answered goes only once that is over: run it again then. Messages in Slack and
Discord themselves are theirs to delete. Without Redis, stop Parley first: its store has one user
at a time.
`;

const usageCode = 64;
const unavailableCode = 69;

/** Whether an id is a person's: those of conversations have more parts, or other ones. */
function personIn(id: string): { platform: string; author: string } | undefined {
  const [, slack] = /^slack:([^:]+:[UW][A-Z0-9]+)$/.exec(id) ?? [];
  if (slack !== undefined) return { platform: 'slack', author: slack };
  const [, discord] = /^discord:(\d{15,20})$/.exec(id) ?? [];
  return discord === undefined ? undefined : { platform: 'discord', author: discord };
}

/** Whether it can be a conversation's or a person's: of one that is mistyped nothing is kept, too. */
function isKnownShape(id: string): boolean {
  return (
    personIn(id) !== undefined ||
    /^slack:[^:]+:[CDG][^:]*(:[\d.]+)?$|^discord:(@me|\d+):\d+(:\d+)?$|^web:[^:]+/.test(id)
  );
}

async function forget(id: string): Promise<string> {
  const config = readConfig();
  const log = createLog({ level: 'warn', secrets: config.secrets, readable: true });
  const { store } = await openStore(config, log);
  try {
    const person = personIn(id);
    const gone =
      person === undefined
        ? await store.forgetConversation(id as ConversationId)
        : await store.forgetPerson(person.platform, person.author);
    const what = person === undefined ? 'conversation' : 'person';
    if (gone === 0) return `Nothing is kept of the ${what} ${id}.`;
    return `${gone} ${gone === 1 ? 'message' : 'messages'} of the ${what} ${id} deleted.`;
  } finally {
    await store.close();
  }
}

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { help: { type: 'boolean', short: 'h' } },
  });
  const [id] = positionals;
  if (values.help === true) {
    process.stdout.write(usage);
  } else if (id === undefined || positionals.length > 1 || !isKnownShape(id)) {
    process.stderr.write(usage);
    process.exitCode = usageCode;
  } else {
    process.stdout.write(`${await forget(id)}\n`);
  }
} catch (error) {
  if (error instanceof BadConfiguration) process.exitCode = 78;
  else if (error instanceof StoreUnavailable) process.exitCode = unavailableCode;
  else if (isArgumentError(error)) process.exitCode = usageCode;
  else throw error;
  process.stderr.write(`${error.message}\n`);
}

function isArgumentError(error: unknown): error is Error {
  return (
    error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE')
  );
}

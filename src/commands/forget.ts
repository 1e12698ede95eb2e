// Tested by test/integration/forget.test.ts
import type { ConversationId } from '../core/domain/conversation.ts';
import type { ForgetResult } from '../core/ports/store.ts';
import { runCommand, UsageError, withService } from './command.ts';

const usage = `Deletes what Parley keeps of a conversation or of a person, for good.

  npm run forget -- slack:T1:C1:1700000000.000100   a conversation, as the log names it
  npm run forget -- slack:T1:U1                      a person in Slack (workspace and member ID)
  npm run forget -- discord:123456789012345678       a person in Discord (user ID)
  npm run forget -- web:0123456789abcdef0123456789abcdef
                                                     a person of the page (as npm run usage has it)

Of a person it deletes what they wrote, everywhere, and conversations that were theirs alone, as all
of the page are; other replies to them stay. What they used counts on, as nobody's. A question that
is being answered where others talk, too, goes only once that is over, and the output says so: run
it again then. Messages in Slack and Discord themselves are theirs to delete. It works while Parley
runs. Exit code 0, 64 for what makes no sense, 69 while the store or Parley does not answer, 78 for
settings that cannot be used.
`;

await runCommand({
  usage,
  run: async ({ words }) => {
    const [id = '', ...more] = words;
    if (words.length === 0) throw new UsageError();
    if (more.length > 0) throw new UsageError('One at a time.');
    const person = personIn(id);
    if (person === undefined && !isConversation(id)) {
      throw new UsageError(`"${id}" is no conversation, and no person.`);
    }
    const text = await withService(async (service) => {
      if (person === undefined) {
        const gone = await service.forgetConversation(id as ConversationId);
        return wordsFor(`the conversation ${id}`, { deleted: gone, remaining: 0 });
      }
      const { platform, author } = person;
      return wordsFor(`the person ${id}`, await service.forgetPerson(platform, author));
    });
    process.stdout.write(`${text}\n`);
  },
});

/** The person of an id as `npm run usage` prints it; undefined for another id. */
function personIn(id: string): { platform: string; author: string } | undefined {
  const patterns = [
    /^(slack):([^:]+:[UWB][A-Z0-9]+)$/,
    /^(discord):(\d{15,20})$/,
    /^(web):([\da-f]{32})$/,
  ];
  for (const pattern of patterns) {
    const [, platform, author] = pattern.exec(id) ?? [];
    if (platform !== undefined && author !== undefined) return { platform, author };
  }
  return undefined;
}

/** Whether an id has the form of a conversation's; a mistyped one would delete nothing. */
function isConversation(id: string): boolean {
  return /^slack:[^:]+:[CDG][^:]*(:[\d.]+)?$|^discord:(@me|\d+):\d+(:\d+)?$|^web:[^:]+:[^:]+$/.test(
    id,
  );
}

function wordsFor(whose: string, { deleted: gone, remaining }: ForgetResult): string {
  const deleted = `${messages(gone)} of ${whose} deleted.`;
  if (remaining > 0) {
    return `${deleted} ${messages(remaining)} being answered ${remaining === 1 ? 'remains' : 'remain'}: run this again once that is over.`;
  }
  return gone === 0 ? `Nothing is kept of ${whose}.` : deleted;
}

function messages(count: number): string {
  return `${count} ${count === 1 ? 'message' : 'messages'}`;
}

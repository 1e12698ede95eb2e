import { describe, expect } from 'vitest';
import { itInWorlds as it, transports } from '../worlds/slack-world.ts';

describe.each(transports)('by %s', (transport) => {
  it.for(['mention-first', 'message-first'] as const)(
    'answers each of 200 mentions once, twins %s',
    async (twins, { worlds }) => {
      // On a busy machine some are acknowledged late: Slack's next try is not waited for a minute.
      const redelivery = { retryAfterMs: [0, 1_000, 1_000] };
      const world = await worlds.begin({
        transport,
        fake: { mentionEventOrder: twins, redelivery },
      });
      world.answerEverything();
      const { fake } = world;
      // No channel takes more than a few posts at once.
      const channels = Array.from({ length: 50 }, (_, number) =>
        fake.workspace().addChannel({ id: `C1${number}`, members: ['U1', 'U2', 'U3'] }),
      );
      const roots = Array.from({ length: 200 }, (_, number) =>
        fake
          .person(`U${(number % 3) + 1}`)
          .mentions(channels[number % 50]!.id, `question ${number}`),
      );
      await world.turnsDone(200, 40_000);
      await world.delivered();
      for (const [number, root] of roots.entries()) {
        expect(world.replies(root.channel, root.ts)).toEqual([
          expect.stringMatching(new RegExp(`: question ${number}$`)),
        ]);
      }
    },
  );
});

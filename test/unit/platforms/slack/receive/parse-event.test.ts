import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseEvent } from '../../../../../src/platforms/slack/receive/parse-event.ts';
import { fixture, fixtureNames } from '../fixtures.ts';

/** An event of a fixture, in a few words. */
function story(name: string): string {
  const event = parseEvent(fixture(name));
  if (event === undefined) return 'nothing';
  if (!('message' in event)) return event.kind;
  const { user, botAuthor, ts, threadTs } = event.message;
  const where = threadTs === undefined ? '' : ` in ${threadTs}`;
  return `${event.kind} by ${user ?? botAuthor?.name} at ${ts}${where}`;
}

describe('what events tell', () => {
  it.each([
    ['app-mention', 'posted by U061F7AUR at 1780000000.000200'],
    ['message-of-mention', 'posted by U061F7AUR at 1780000000.000200'],
    ['thread-reply', 'posted by U2147483697 at 1780000100.000300 in 1780000000.000200'],
    ['direct-message', 'posted by U061F7AUR at 1780000200.000400'],
    ['direct-thread', 'posted by U061F7AUR at 1780000210.000400 in 1780000200.000400'],
    ['group-direct-message', 'posted by U061F7AUR at 1780000300.000500'],
    ['file-share', 'posted by U061F7AUR at 1780000400.000600'],
    ['thread-broadcast', 'posted by U061F7AUR at 1780000500.000700 in 1780000000.000200'],
    ['own-message', 'posted by Parley at 1780000010.000250 in 1780000000.000200'],
    ['own-edit', 'edited by a bot at 1780000010.000250 in 1780000000.000200'],
    ['other-bot', 'posted by Weather at 1780000600.000800 in 1780000000.000200'],
    ['edit', 'edited by U061F7AUR at 1780000000.000200'],
    ['link-preview', 'nothing'],
    ['deletion', 'deleted by U2147483697 at 1780000100.000300 in 1780000000.000200'],
    ['deletion-of-root', 'deleted by U061F7AUR at 1780000000.000200'],
    ['channel-join', 'nothing'],
    ['home-opened', 'dm_opened'],
    ['tokens-revoked', 'app_removed'],
    ['shared-channel', 'posted by U0STRANGER at 1780000900.001500'],
    ['rate-limited', 'rate_limited'],
  ])('%s: %s', (name, expected) => {
    expect(story(name)).toBe(expected);
  });

  it('tells the two events of a mention apart', () => {
    expect(parseEvent(fixture('app-mention'))).toMatchObject({ message: { isAppMention: true } });
    expect(parseEvent(fixture('message-of-mention'))).not.toHaveProperty('message.isAppMention');
  });

  it('takes the mention of an edited message for an edit', () => {
    const body = fixture('app-mention');
    const edited = { user: 'U061F7AUR', ts: '1780000050.000000' };
    const event = { ...(body['event'] as object), edited };
    expect(parseEvent({ ...body, event })).toMatchObject({
      kind: 'edited',
      message: { isAppMention: true },
    });
  });

  it('reads what bots say in attachments', () => {
    expect(parseEvent(fixture('other-bot'))).toMatchObject({
      message: { text: 'Sunny, 21 degrees' },
    });
  });

  it('makes nothing of unknown shapes, and never throws', () => {
    const events = fixtureNames().map((name) => fixture(name)['event']);
    const value = fc.oneof(fc.anything(), fc.constantFrom(...events));
    fc.assert(
      fc.property(value, value, (event, field) => {
        parseEvent(event);
        parseEvent({ type: 'event_callback', event });
        parseEvent({
          type: 'event_callback',
          event: { type: 'message', subtype: 'message_changed', channel: 'C1', message: field },
        });
        parseEvent({
          type: 'event_callback',
          event: { type: 'message', channel: 'C1', files: field },
        });
      }),
      { numRuns: 1_000 },
    );
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseEvent } from '../../../../../src/platforms/slack/receive/parse-event.ts';
import { fixture, fixtureNames } from '../fixtures.ts';

/** What a fixture tells, in a few words. */
function story(name: string): string {
  const told = parseEvent(fixture(name));
  if (told === undefined) return 'nothing';
  if (!('said' in told)) return told.kind;
  const { user, bot, ts, threadTs } = told.said;
  const where = threadTs === undefined ? '' : ` in ${threadTs}`;
  return `${told.kind} by ${user ?? bot?.name} at ${ts}${where}`;
}

describe('what events tell', () => {
  it.each([
    ['app-mention', 'said by U061F7AUR at 1780000000.000200'],
    ['message-of-mention', 'said by U061F7AUR at 1780000000.000200'],
    ['thread-reply', 'said by U2147483697 at 1780000100.000300 in 1780000000.000200'],
    ['direct-message', 'said by U061F7AUR at 1780000200.000400'],
    ['direct-thread', 'said by U061F7AUR at 1780000210.000400 in 1780000200.000400'],
    ['group-direct-message', 'said by U061F7AUR at 1780000300.000500'],
    ['file-share', 'said by U061F7AUR at 1780000400.000600'],
    ['thread-broadcast', 'said by U061F7AUR at 1780000500.000700 in 1780000000.000200'],
    ['own-message', 'said by Parley at 1780000010.000250 in 1780000000.000200'],
    ['own-edit', 'nothing'],
    ['other-bot', 'said by Weather at 1780000600.000800 in 1780000000.000200'],
    ['edit', 'changed by U061F7AUR at 1780000000.000200'],
    ['link-preview', 'nothing'],
    ['deletion', 'deleted by U2147483697 at 1780000100.000300 in 1780000000.000200'],
    ['deletion-of-root', 'deleted by U061F7AUR at 1780000000.000200'],
    ['channel-join', 'nothing'],
    ['home-opened', 'opened'],
    ['tokens-revoked', 'gone'],
    ['shared-channel', 'said by U0STRANGER at 1780000900.001500'],
    ['rate-limited', 'throttled'],
  ])('%s: %s', (name, expected) => {
    expect(story(name)).toBe(expected);
  });

  it('tells the twins of a mention apart', () => {
    expect(parseEvent(fixture('app-mention'))).toMatchObject({ mention: true });
    expect(parseEvent(fixture('message-of-mention'))).toMatchObject({ mention: false });
  });

  it('reads what bots say in attachments', () => {
    expect(parseEvent(fixture('other-bot'))).toMatchObject({ said: { text: 'Sunny, 21 degrees' } });
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

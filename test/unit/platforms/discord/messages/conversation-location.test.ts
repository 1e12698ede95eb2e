import { describe, expect, it } from 'vitest';
import {
  directConversation,
  locationOf,
  rootedConversation,
} from '../../../../../src/platforms/discord/messages/conversation-location.ts';

describe('a place', () => {
  it('is what its conversation’s id says', () => {
    expect(locationOf(directConversation('7'))).toEqual({ channel: '7' });
    expect(locationOf(rootedConversation('1', '2', '3'))).toEqual({
      guild: '1',
      channel: '2',
      root: '3',
    });
  });
});

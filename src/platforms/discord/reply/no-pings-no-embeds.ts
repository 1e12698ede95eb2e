import type { Fields } from '../../../core/foreign-data.ts';

/** No previews of links: they take room, and fetching one tells its owner what was written. */
const suppressEmbeds = 1 << 2;

/** In every message, new or edited: nobody is pinged, whatever a model writes. */
export const quietly: Fields = {
  allowed_mentions: { parse: [], replied_user: false },
  flags: suppressEmbeds,
};

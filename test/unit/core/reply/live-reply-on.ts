import { LiveReply, type LiveReplyOptions } from '../../../../src/core/reply/live-reply.ts';
import { Pacer } from '../../../../src/core/reply/pacing/pacer.ts';
import { recordingLog } from '../../../fakes/recording-log.ts';

/** A reply that is written alone, from its beginning, and whose pages always can be recorded. */
export function liveReplyOn(
  surface: LiveReplyOptions['surface'],
  more: Partial<LiveReplyOptions> = {},
): { reply: LiveReply; log: ReturnType<typeof recordingLog> } {
  const log = recordingLog();
  const reply = new LiveReply({
    surface,
    pacer: new Pacer({ log }),
    pageRecords: { save: () => Promise.resolve(), drop: () => Promise.resolve() },
    keyOf: (index) => `key.${index}`,
    pages: [],
    onGivenUp: () => undefined,
    log,
    ...more,
  });
  return { reply, log };
}

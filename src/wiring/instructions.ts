/** What the model is told before a conversation while no `SYSTEM_PROMPT` is set, wherever people talk. */
export const helpfulInstructions =
  'You are a helpful assistant in a chat. Be brief: answer first, explain only as far as it ' +
  'helps. Where several people talk, each message begins with its author’s name; yours never do.';

/** Who that is, in a line for people. */
export const helpfulTagline = 'A helpful assistant that keeps it brief.';

/** What a new conversation in the messages tab offers; the manifest says the same. */
export const prompts: readonly { readonly title: string; readonly message: string }[] = [
  { title: 'What can you do?', message: 'What can you do for me? Answer in a few lines.' },
  { title: 'Explain something', message: 'Explain to me, in plain words: ' },
  { title: 'Improve a text', message: 'Make this text shorter and clearer:\n\n' },
];

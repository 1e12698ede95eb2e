const link =
  /\[([^[\]\n]*)\]\(<?(?:https?|discord):[^\s<>)]*>?\)|<?\b(?:https?|discord):\/\/(?:[^\s<>)\]]*[^\s<>)\].,;:!?'"])?>?/gi;

/** For servers that forbid links; never longer than it was. */
export function withoutLinks(text: string): string {
  return text.replaceAll(link, (all: string, name: string | undefined) => {
    const note = all.length - (name?.length ?? 0) > 15 ? '(link left out)' : '(link)';
    return name === undefined || name === '' ? note : `${name} ${note}`;
  });
}

/**
 * What tells of an address, alone or as a link's target; the group stands before it and belongs to
 * it. Looked back from, as what precedes may be long: looking on from each of its characters would
 * take a second for a page of letters.
 */
const signs = [
  /(?<=(!?\[[^\]\n]*))\]\(/,
  /(?<=(<?[a-z][a-z0-9+.-]*)):\/\//i,
  /(?<=(<?))mailto:/i,
  /(?<=())www\./i,
];

/** Where the first address in a text begins; -1 if there is none. Takes time as the text is long. */
export function addressIn(text: string): number {
  const starts = signs.flatMap((sign) => {
    const found = sign.exec(text);
    return found === null ? [] : [found.index - (found[1]?.length ?? 0)];
  });
  return starts.length === 0 ? -1 : Math.min(...starts);
}

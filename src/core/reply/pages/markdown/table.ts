const delimiterCell = /^[ \t]*:?-+:?[ \t]*$/;
/** A longer line is no delimiter row that anybody wrote. */
const maxDelimiterRow = 2_000;

/** Offsets of the bars between cells, those behind a backslash left out. */
export function bars(row: string): number[] {
  const found: number[] = [];
  for (let at = 0; at < row.length; at++) {
    if (row[at] === '\\') at++;
    else if (row[at] === '|') found.push(at);
  }
  return found;
}

function cells(row: string): string[] {
  const line = row.trim();
  const cuts = bars(line);
  const all: string[] = [];
  let from = 0;
  for (const cut of cuts) {
    if (cut > 0) all.push(line.slice(from, cut));
    from = cut + 1;
  }
  if (from < line.length || all.length === 0) all.push(line.slice(from));
  return all;
}

/** How many cells the row has. */
export function cellsIn(row: string): number {
  return row.includes('|') ? cells(row).length : 0;
}

/** Where the last cell of the row begins. */
export function lastCell(row: string): number {
  return (bars(row).at(-1) ?? -1) + 1;
}

/** Whether the text is the line below a table's header, such as `| --- | :-: |`. */
export function isDelimiterRow(text: string): boolean {
  if (text.length > maxDelimiterRow || !/^[-|:]/.test(text) || !text.includes('|')) return false;
  return cells(text).every((cell) => delimiterCell.test(cell));
}

/** Whether the text may be the header of a table whose second line is still to come. */
export function mayBeHeader(text: string): boolean {
  return text.startsWith('|') && /[^|\s]/.test(text) && text.length <= maxDelimiterRow;
}

/** Whether the text may grow into a delimiter row. */
export function mayBeDelimiterRow(text: string): boolean {
  return text.length <= maxDelimiterRow && /^[-|:][-|: \t]*$/.test(text);
}

/** The delimiter row below this header, keeping what `begun` says about alignment. */
export function delimiterRow(header: string, begun = ''): string {
  const written = cells(begun).map((cell) => cell.trim());
  const columns = Array.from({ length: cellsIn(header) }, (_, column) => {
    const cell = written[column] ?? '';
    const whole = column < written.length - 1 || begun.trimEnd().endsWith('|');
    return whole && delimiterCell.test(cell) ? cell : cell.startsWith(':') ? ':--' : '---';
  });
  return `| ${columns.join(' | ')} |`;
}

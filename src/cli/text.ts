/** Text for people: safe to print, and aligned. */

/** Names and messages can come from hostile files: what could move the cursor or reorder text is shown as an escape. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
  });
}

/** The same for messages of several lines, which keep their lines and are indented. */
export function paragraph(text: string, indent: string): string {
  const lines = text.replaceAll('\r\n', '\n').trimEnd().split('\n');
  return lines.map((line) => `${indent}${printable(line.replaceAll('\t', '  '))}`).join('\n');
}

/** Rows as lines, columns two spaces apart and as wide as their widest cell. */
export function table(rows: readonly (readonly string[])[], indent = ''): string[] {
  const safe = rows.map((row) => row.map(printable));
  const columns = Math.max(0, ...safe.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, i) =>
    Math.max(...safe.map((row) => row[i]?.length ?? 0)),
  );
  return safe.map(
    (row) =>
      indent +
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
  );
}

/** `1 plugin`, `2 plugins`. */
export function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}

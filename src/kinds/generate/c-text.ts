/** Comments and string literals in C. */

const WIDTH = 110;

/** Replaces what would end a comment, or what compilers warn of in one. */
function harmless(text: string): string {
  return text
    .replaceAll('*/', '* /')
    .replaceAll('/*', '/ *')
    .replaceAll('??', '? ?')
    .replaceAll('\\', '/')
    .replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, ' ');
}

/** Breaks text into lines of at most `width` characters. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/).filter((one) => one !== '')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = '';
    }
    line = line === '' ? word : `${line} ${word}`;
  }
  return line === '' ? lines : [...lines, line];
}

/** Returns the lines of a comment, without lines if there is no text. */
export function comment(text: string | undefined, indent = ''): string[] {
  const lines = (text ?? '').split('\n').flatMap((line) => wrap(harmless(line), WIDTH - 6 - indent.length));
  if (lines.length === 0) return [];
  return lines.map((line, i) => {
    const begin = i === 0 ? '/* ' : ' * ';
    return `${indent}${begin}${line}${i === lines.length - 1 ? ' */' : ''}`;
  });
}

/** Returns the lines of a C string literal with the UTF-8 of a string. */
export function literal(text: string, width = 100): string[] {
  const lines: string[] = [];
  let line = '';
  for (const byte of Buffer.from(text)) {
    line += escaped(byte);
    if (line.length >= width) {
      lines.push(`"${line}"`);
      line = '';
    }
  }
  return line === '' && lines.length > 0 ? lines : [...lines, `"${line}"`];
}

function escaped(byte: number): string {
  const char = String.fromCharCode(byte);
  if (byte < 0x20 || byte > 0x7e) return `\\${byte.toString(8).padStart(3, '0')}`;
  return /["\\?]/.test(char) ? `\\${char}` : char;
}

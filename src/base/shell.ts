/** Command lines for people to copy into a terminal. */

/** Quotes arguments for a POSIX shell. Unprintable characters become escapes, so that the line can be shown and copied. */
export function quoted(args: readonly string[]): string {
  return args.map(quotedOne).join(' ');
}

function quotedOne(arg: string): string {
  if (/^[\w@%+=:,./-]+$/.test(arg)) return arg;
  if (!UNPRINTABLE.test(arg)) return `'${arg.replaceAll("'", `'\\''`)}'`;
  const escaped = Array.from(arg, (character) => {
    if (character === "'" || character === '\\') return `\\${character}`;
    if (!UNPRINTABLE.test(character)) return character;
    return Array.from(Buffer.from(character), (byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
  });
  return `$'${escaped.join('')}'`;
}

const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

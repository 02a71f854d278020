/**
 * The legacy mangling of rustc, its default up to 2025: `_ZN`, identifiers with their lengths, a hash, `E`.
 */
import { isDigit, Mangled } from './mangled.js';

const ESCAPES: Readonly<Record<string, string>> = {
  LT: '<',
  GT: '>',
  RF: '&',
  BP: '*',
  C: ',',
  LP: '(',
  RP: ')',
  SP: '@',
};
/** Escapes: `$LT$`, `$u7b$`, and two dots for `::`. */
const ESCAPE = /\$(?:([A-Z]{1,2})|u([0-9a-f]{1,6}))\$|\.\./g;
const HASH = /^h[0-9a-f]{16}$/;

/** Demangles a path, without its hash. Null for other manglings. `rest` is the suffix of the symbol. */
export function rustLegacy(symbol: string): { readonly name: string; readonly rest: string } | null {
  if (!symbol.startsWith('_ZN')) return null;
  const mangled = new Mangled(symbol, 3);
  const parts: string[] = [];
  while (isDigit(mangled.peek())) parts.push(mangled.take(mangled.number()));
  if (mangled.failed || !mangled.eat('E') || !HASH.test(parts.pop() ?? '') || parts.length === 0) return null;
  return { name: parts.map(unescaped).join('::'), rest: symbol.slice(mangled.at) };
}

/** Decodes an identifier. Identifiers that begin with `$` have an underscore before it. */
function unescaped(part: string): string {
  return part
    .replace(/^_(?=\$)/, '')
    .replace(ESCAPE, (found: string, name?: string, code?: string) =>
      found === '..'
        ? '::'
        : name === undefined
          ? characterOf(Number.parseInt(code ?? '', 16), found)
          : (ESCAPES[name] ?? found),
    );
}

function characterOf(code: number, otherwise: string): string {
  return code <= 0x10ffff ? String.fromCodePoint(code) : otherwise;
}

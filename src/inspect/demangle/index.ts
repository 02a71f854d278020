/** Demangled names of functions. Symbols come from plugins: work is linear and results are bounded. */
import { itanium } from './itanium.js';
import { rustLegacy } from './rust-legacy.js';
import { rustV0 } from './rust-v0.js';

/** Longer symbols are not demangled. */
const LONGEST_SYMBOL = 4096;
/** The longest name in a report, and the length of the end that is kept: it has the function's own name. */
const LONGEST_SHOWN = 320;
const END_SHOWN = 140;

/**
 * Demangles a symbol: `grep::run` for `_ZN4grep3run17h0123456789abcdefE`, `ns::Class<int>::method` for
 * `_ZN2ns5ClassIiE6methodEi`. Parameters of C++ functions and hashes of Rust functions are omitted. Other
 * symbols are returned unchanged, except that long ones are shortened.
 */
export function plainName(symbol: string): string {
  return shortened(symbol.length > LONGEST_SYMBOL ? symbol : demangled(symbol));
}

function demangled(symbol: string): string {
  const found = rustLegacy(symbol) ?? rustV0(symbol) ?? itanium(symbol);
  if (found === null) return symbol;
  // LLVM numbers copies of functions. Other suffixes, such as `.cold`, are worth showing.
  const rest = found.rest.replace(/\.llvm\.[0-9A-F]+$/i, '');
  return `${found.name}${rest}`;
}

function shortened(name: string): string {
  if (name.length <= LONGEST_SHOWN) return name;
  return `${name.slice(0, LONGEST_SHOWN - END_SHOWN - 1)}…${name.slice(-END_SHOWN)}`;
}

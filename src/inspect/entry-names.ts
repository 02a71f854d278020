/** The names of the ABI, and the mangled names that compilers produce without `extern "C"`. */
import { DESCRIPTOR_SYMBOL, ENTRY_POINTS } from '../base/abi.js';
import type { ExportedSymbol } from './facts.js';

/** The names of the ABI, then the functions' names with C++ (Itanium) mangling. */
export const NEAR_ENTRY_POINTS: readonly string[] = [
  ...ENTRY_POINTS,
  DESCRIPTOR_SYMBOL,
  ...ENTRY_POINTS.map((name) => `_Z${name.length}${name}v`),
];

/** Checks whether a symbol has a name of the ABI or contains one (mangled, or with an extra underscore). */
export function sameAbiName(symbol: ExportedSymbol): boolean {
  return symbol.name === DESCRIPTOR_SYMBOL || ENTRY_POINTS.some((name) => symbol.name.includes(name));
}

/** The names of the ABI, and the shapes in which they come out of a compiler that was not told to keep them. */
import { DESCRIPTOR_SYMBOL, ENTRY_POINTS } from '../base/abi.js';
import type { ExportedSymbol } from './facts.js';

/** The names of the ABI, then as C++ (Itanium) mangles the functions. */
export const NEAR_ENTRY_POINTS: readonly string[] = [
  ...ENTRY_POINTS,
  DESCRIPTOR_SYMBOL,
  ...ENTRY_POINTS.map((name) => `_Z${name.length}${name}v`),
];

/** Whether a symbol has a name of the ABI, or one that contains it (mangled, or with an underscore too many). */
export function sameAbiName(symbol: ExportedSymbol): boolean {
  return symbol.name === DESCRIPTOR_SYMBOL || ENTRY_POINTS.some((name) => symbol.name.includes(name));
}

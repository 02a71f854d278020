/** Names of functions for people. What they are made from is the plugin's: everything here is linear, and nothing is longer than its limit. */
import { itanium } from './itanium.js';
import { rustLegacy } from './rust-legacy.js';
import { rustV0 } from './rust-v0.js';

/** Longer names stay as they are. */
const LONGEST_SYMBOL = 4096;
/** Characters of a name in a report, and how many of them are from its end, which is what the function itself is called. */
const LONGEST_SHOWN = 320;
const END_SHOWN = 140;

/**
 * The name in the words of its language: `grep::run` for `_ZN4grep3run17h0123456789abcdefE`, `ns::Class<int>::method` for
 * `_ZN2ns5ClassIiE6methodEi`. Parameters of C++ functions and hashes of Rust's are left out. What is not mangled, or in a way that is
 * not known here, stays as it is, but for its length.
 */
export function plainName(symbol: string): string {
  return shortened(symbol.length > LONGEST_SYMBOL ? symbol : demangled(symbol));
}

function demangled(symbol: string): string {
  const found = rustLegacy(symbol) ?? rustV0(symbol) ?? itanium(symbol);
  if (found === null) return symbol;
  // Not a part of the name: LLVM tells copies of functions apart so. Others, `.cold` for example, say something.
  const rest = found.rest.replace(/\.llvm\.[0-9A-F]+$/i, '');
  return `${found.name}${rest}`;
}

function shortened(name: string): string {
  if (name.length <= LONGEST_SHOWN) return name;
  return `${name.slice(0, LONGEST_SHOWN - END_SHOWN - 1)}…${name.slice(-END_SHOWN)}`;
}

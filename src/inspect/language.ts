/** The language of a plugin, from the marks that compilers leave in a file. */
import type { LibraryFacts } from './facts.js';
import type { Image } from './image.js';

/** The names of the C++ runtime libraries in ELF, PE and Mach-O files. */
const CPP_RUNTIME = /(^|\/)(libstdc\+\+|libc\+\+)[.\-_]|^msvcp\d+(_\d)?d?\.dll$/i;

/** Reads an ELF `.comment`, which has a line from each compiler that produced an object file. */
export function languageOfComment(comment: string): LibraryFacts['language'] {
  if (comment.includes('rustc version')) return 'rust';
  if (/\bzig(lang)?\b/.test(comment)) return 'zig';
  return /GCC: |clang version|Intel\(R\)|TinyCC/.test(comment) ? 'c' : null;
}

/**
 * Returns the language of a plugin. Rust, Go and Zig leave their own marks. C and C++ have the same compilers
 * with the same marks, so C++ is recognized by its runtime library. Null if there is no mark.
 */
export function languageOf(image: Image): LibraryFacts['language'] {
  if (image.mark !== null && image.mark !== 'c') return image.mark;
  if (image.exports.some((symbol) => symbol.name.startsWith('_cgo_'))) return 'go';
  return image.needed.some((library) => CPP_RUNTIME.test(library)) ? 'c++' : image.mark;
}

/** The language of a plugin, as far as the marks tell that compilers leave in a file. */
import type { LibraryFacts } from './facts.js';
import type { Image } from './image.js';

/** The run-time libraries of C++, as ELF, PE and Mach-O files name them. */
const CPP_RUNTIME = /(^|\/)(libstdc\+\+|libc\+\+)[.\-_]|^msvcp\d+(_\d)?d?\.dll$/i;

/** Reads an ELF `.comment`: every compiler that contributed an object file wrote a line. */
export function languageOfComment(comment: string): LibraryFacts['language'] {
  if (comment.includes('rustc version')) return 'rust';
  if (/\bzig(lang)?\b/.test(comment)) return 'zig';
  return /GCC: |clang version|Intel\(R\)|TinyCC/.test(comment) ? 'c' : null;
}

/**
 * Rust, Go and Zig sign what they compile. C and C++ come from the same compilers, which sign alike: C++ needs its run-time
 * library. Null where nothing tells.
 */
export function languageOf(image: Image): LibraryFacts['language'] {
  if (image.mark !== null && image.mark !== 'c') return image.mark;
  if (image.exports.some((symbol) => symbol.name.startsWith('_cgo_'))) return 'go';
  return image.needed.some((library) => CPP_RUNTIME.test(library)) ? 'c++' : image.mark;
}

/**
 * Inspection of library files without loading them. The functions depend only on the bytes of the file. Their
 * reads are positioned and bounded, they have no side effects, and they fail only with a TenonError.
 */
import { asTenonError, invalidArgument } from '../base/errors.js';
import { findDescriptor } from './descriptor.js';
import { readElf } from './elf.js';
import type { BinaryFormat, LibraryFacts } from './facts.js';
import type { ExportSelection, Image, ImageOptions } from './image.js';
import { findKindFacts } from './kind-facts.js';
import { languageOf } from './language.js';
import { readMacho } from './macho.js';
import { detectFormat } from './magic.js';
import { withFile } from './open.js';
import { readPe } from './pe.js';
import { type ByteSource, MemorySource } from './source.js';
import { staticVTable } from './vtable.js';

export {
  checkDescriptor,
  checkEntryPoints,
  checkKindFacts,
  checkPlatform,
  checkStaticVTable,
} from './checks.js';
export type { NeededVersion } from './elf-versions.js';
export type * from './facts.js';
export type { ExportSelection } from './image.js';
export { kindSymbol } from './kind-facts.js';
export { inspectLinkage, type Linkage } from './linkage.js';
export { type Constructor, inspectLoading, type LoadingFacts, loadingOf } from './loading.js';
export { inspectNeeds, type LoaderNeeds } from './needs.js';

export interface InspectOptions {
  /** The slice of a universal binary to inspect. Default: `process.arch`. */
  readonly arch?: string | undefined;
  /**
   * `entry-points` lists only the names of the ABI and names that contain one of them. For ELF, which has an
   * index of names, it looks up no other symbols. Default: `all`.
   */
  readonly exports?: ExportSelection | undefined;
}

const READERS: Readonly<Record<BinaryFormat, (source: ByteSource, options: ImageOptions) => Image>> = {
  elf: readElf,
  pe: readPe,
  macho: readMacho,
};

/**
 * Inspects a library file of any of the three formats, for any system and processor.
 * @throws TenonError ERR_TENON_NOT_FOUND, ERR_TENON_UNREADABLE (a folder, a pipe, no permission),
 * ERR_TENON_NOT_A_LIBRARY or ERR_TENON_INVALID_ARGUMENT
 */
export function inspectFileSync(path: string, options: InspectOptions = {}): LibraryFacts {
  checkPath(path);
  const imageOptions = checkOptions(options);
  return withFile(path, (source) => inspect(source, imageOptions));
}

/**
 * Inspects the bytes of a library. `path` is only their name in messages and facts.
 * @throws TenonError ERR_TENON_NOT_A_LIBRARY or ERR_TENON_INVALID_ARGUMENT
 */
export function inspectBytes(
  bytes: Uint8Array,
  path = '<bytes>',
  options: InspectOptions = {},
): LibraryFacts {
  if (!(bytes instanceof Uint8Array)) throw invalidArgument('bytes', 'must be a Uint8Array');
  checkPath(path);
  return inspect(new MemorySource(path, bytes), checkOptions(options));
}

function checkPath(path: unknown): void {
  if (typeof path !== 'string' || path === '')
    throw invalidArgument('path', 'must be a string that is not empty');
  if (path.includes('\0')) throw invalidArgument('path', 'must not contain a NUL character');
}

function checkOptions(options: InspectOptions): ImageOptions {
  if (typeof options !== 'object' || options === null) throw invalidArgument('options', 'must be an object');
  const { arch = process.arch, exports = 'all' } = options;
  if (typeof arch !== 'string') throw invalidArgument('options.arch', 'must be a string');
  if (exports !== 'all' && exports !== 'entry-points') {
    throw invalidArgument('options.exports', "must be 'all' or 'entry-points'");
  }
  return { arch, exports };
}

function inspect(source: ByteSource, options: ImageOptions): LibraryFacts {
  try {
    return factsOf(source, READERS[detectFormat(source)](source, options));
  } catch (error) {
    // A second line of defense: the readers throw only TenonErrors, which a test checks.
    throw asTenonError(
      error,
      'ERR_TENON_NOT_A_LIBRARY',
      `Cannot load ${source.path}: its structure is invalid`,
    );
  }
}

function factsOf(source: ByteSource, image: Image): LibraryFacts {
  const { format, os, arch, bits, endian, exports, needed, runpath, code } = image;
  const { descriptor, problem } = findDescriptor(image);
  const described = {
    format,
    os,
    arch,
    bits,
    endian,
    language: languageOf(image),
    exports,
    needed,
    runpath,
    code,
  };
  const vtable = staticVTable(image);
  return {
    path: source.path,
    size: source.size,
    ...described,
    descriptor,
    descriptorProblem: problem,
    ...findKindFacts(image, descriptor?.kinds ?? {}),
    vtable,
  };
}

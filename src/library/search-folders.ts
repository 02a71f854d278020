/** The folders in which the system's loader looks for a library, as it expands them. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const ORIGIN = /\$(?:ORIGIN|\{ORIGIN\})/g;
const LIB = /\$(?:LIB|\{LIB\})/g;
const PLATFORM = /\$(?:PLATFORM|\{PLATFORM\})/g;
const TRIPLETS: Readonly<Record<string, string>> = { x64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' };
const PLATFORMS: Readonly<Record<string, string>> = { x64: 'x86_64', arm64: 'aarch64' };
/** Subfolders for libraries that need newer processors. Where they exist, glibc prefers them. */
const NEWER_PROCESSORS: Readonly<Record<string, readonly string[]>> = {
  x64: ['x86-64-v4', 'x86-64-v3', 'x86-64-v2'].map((level) => join('glibc-hwcaps', level)),
};
/** The loaders of musl, by `process.arch`. */
const MUSL: Readonly<Record<string, string>> = {
  x64: '/lib/ld-musl-x86_64.so.1',
  arm64: '/lib/ld-musl-aarch64.so.1',
};

/** Returns the folders that a folder of a RUNPATH may mean for a library in `origin`. `$LIB` has several meanings. */
export function expandFolder(folder: string, origin: string, arch: string): readonly string[] {
  const triplet = TRIPLETS[arch];
  const expanded = folder.replace(ORIGIN, () => origin).replace(PLATFORM, PLATFORMS[arch] ?? arch);
  const forms = ['lib', 'lib64', ...(triplet === undefined ? [] : [join('lib', triplet)])].map((lib) =>
    expanded.replace(LIB, lib),
  );
  return [...new Set(forms)];
}

/** Returns whether a folder of a RUNPATH is relative to the library. */
export function isBeside(folder: string): boolean {
  return /^\$(?:ORIGIN|\{ORIGIN\})(?:\/|$)/.test(folder);
}

/** Returns a path of the form `$ORIGIN/name` with the folder of the library that has it. */
export function expandOrigin(path: string, origin: string): string {
  return path.replace(ORIGIN, () => origin);
}

/** Returns the subfolders of a search folder that the loader may prefer to the folder itself. */
export function preferredSubfolders(arch: string): readonly string[] {
  return NEWER_PROCESSORS[arch] ?? [];
}

/** Returns the folders that every loader searches last. */
export function defaultFolders(arch: string): readonly string[] {
  const triplet = TRIPLETS[arch];
  const multiarch = triplet === undefined ? [] : [join('/lib', triplet), join('/usr/lib', triplet)];
  const own = isMusl(arch) ? ['/usr/local/lib'] : [];
  return [...multiarch, '/lib64', '/usr/lib64', '/lib', ...own, '/usr/lib'];
}

/** Returns whether this system has the loader of musl, where also a RUNPATH is inherited. */
export function isMusl(arch: string): boolean {
  const loader = MUSL[arch];
  return loader !== undefined && existsSync(loader) && !existsSync('/etc/ld.so.cache');
}

/** Paths of the repository. All scripts use them, so the current folder does not matter. */
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the repository. */
export const root = resolve(fileURLToPath(new URL('../..', import.meta.url)));

/** Returns a path in the repository. */
export const inRoot = (...parts) => join(root, ...parts);

/** The file extension of shared libraries on this platform. */
export const librarySuffix = { darwin: '.dylib', win32: '.dll' }[process.platform] ?? '.so';

/** Where things are. Every script works from here, so that the current folder does not matter. */
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the repository. */
export const root = resolve(fileURLToPath(new URL('../..', import.meta.url)));

/** A path in the repository. */
export const inRoot = (...parts) => join(root, ...parts);

/** The ending of a shared library on this platform. */
export const librarySuffix = { darwin: '.dylib', win32: '.dll' }[process.platform] ?? '.so';

/** Imports modules of tenon that the package does not export, for benchmarks of its parts. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/**
 * Imports a module by its path below src, with the extension `.js`. `dist` is the folder of the published
 * files of the same build.
 *
 * @param {string} dist @param {string} file
 */
export const moduleOf = (dist, file) =>
  import(pathToFileURL(join(dist, '..', 'build', 'modules', file)).href);

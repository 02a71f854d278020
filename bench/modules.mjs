/** Modules of tenon that are not exported, for benchmarks of single parts. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/**
 * Imports a module by its path below src, with the ending `.js`. `dist` is the folder of the published files of the same build.
 *
 * @param {string} dist @param {string} file
 */
export const moduleOf = (dist, file) =>
  import(pathToFileURL(join(dist, '..', 'build', 'modules', file)).href);

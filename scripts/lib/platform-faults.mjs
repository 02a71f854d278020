/** The outcomes of the fault plugins on platforms where they differ from those on Linux. */

/** The faults that Windows does not have. plugins-c/faults/CMakeLists.txt has the same list. */
const ONLY_POSIX = new Set([
  'undefined-symbol',
  'borrowed-version',
  'settings-handlers',
  'settings-symbols',
  'process-closes',
  'process-directory',
  'process-locale',
  'process-variable',
  'process-signals',
]);

/** The loader of Windows catches exceptions of constructors, and refuses the library. */
const ON_WINDOWS = { 'constructor-segfault': { code: 'ERR_TENON_LOAD_FAILED', gate: 'open' } };

/**
 * Returns the rows that apply to a platform, with its codes and gates.
 *
 * @template {{library: string}} Row
 * @param {readonly Row[]} rows
 * @param {import('./platforms.mjs').Platform} platform
 * @returns {Row[]}
 */
export function faultsOn(rows, platform) {
  if (platform.os !== 'win32') return [...rows];
  return rows
    .filter(({ library }) => !ONLY_POSIX.has(library))
    .map((row) => ({ ...row, ...ON_WINDOWS[row.library] }));
}

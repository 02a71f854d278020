/** Expands folders on the command line to the libraries in them. */

import { statSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { TenonError } from '../base/errors.js';
import { checkStrings } from '../base/options.js';
import { count } from '../base/text.js';
import { findCandidates } from '../host/discover.js';
import { inspectFileSync } from '../inspect/index.js';
import { hasNoEntryPoint } from './subject.js';

export interface LibraryFiles {
  readonly files: readonly string[];
  /** Libraries in the folders that are not plugins because they have no entry point. */
  readonly leftOut: readonly string[];
}

/**
 * Returns the given files, and for each folder the libraries in it, sorted by name. Subfolders are not searched.
 * Files that are given by name are never left out.
 * @throws TenonError ERR_TENON_NOT_FOUND for a folder without plugins, ERR_TENON_UNREADABLE
 */
export async function libraryFiles(paths: readonly string[]): Promise<LibraryFiles> {
  const files: string[] = [];
  const leftOut: string[] = [];
  for (const path of checkStrings('paths', paths)) {
    if (!isFolder(path)) {
      files.push(path);
      continue;
    }
    const found = await librariesIn(path);
    const helpers = found.filter(isHelper);
    if (helpers.length === found.length) throw withoutPlugins(path, helpers.length);
    files.push(...found.filter((file) => !helpers.includes(file)));
    leftOut.push(...helpers);
  }
  return { files, leftOut };
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

async function librariesIn(folder: string): Promise<string[]> {
  const { candidates, problems } = await findCandidates({ paths: [folder], env: {} });
  const whole = resolve(folder);
  const unreadable = problems.find(({ path }) => path === whole);
  if (unreadable !== undefined) throw unreadable;
  // A dangling link is reported as a missing file.
  const all = [...candidates, ...problems].map(({ path = '' }) => join(folder, relative(whole, path)));
  return all.sort();
}

function isHelper(file: string): boolean {
  try {
    return hasNoEntryPoint(inspectFileSync(file, { exports: 'entry-points' }));
  } catch {
    return false;
  }
}

function withoutPlugins(folder: string, helpers: number): TenonError {
  const found =
    helpers === 0 ? 'no library' : `${count(helpers, 'library', 'libraries')} without an entry point`;
  const message = `Cannot check ${folder}: found ${found}, expected at least one plugin. Check the path.`;
  return new TenonError('ERR_TENON_NOT_FOUND', message, { path: folder });
}

/**
 * Making a folder with its parents. The option `recursive` of Node.js 20 never returns below a folder such as
 * /proc, in which nothing can be made.
 */
import { mkdirSync, statSync } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

/** Makes a folder and its missing parents. An existing folder is left as it is. @throws Error of the system */
export async function makeFolder(folder: string, mode = 0o777): Promise<void> {
  const path = resolve(folder);
  try {
    await mkdir(path, { mode });
  } catch (error) {
    if (!isMissingParent(error, path)) {
      if ((await stat(path).catch(() => undefined))?.isDirectory() !== true) throw error;
      return;
    }
    await makeFolder(dirname(path), mode);
    await mkdir(path, { mode }).catch(exceptExisting);
  }
}

/** Does the same at once. */
export function makeFolderSync(folder: string, mode = 0o777): void {
  const path = resolve(folder);
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    if (!isMissingParent(error, path)) {
      if (!isFolder(path)) throw error;
      return;
    }
    makeFolderSync(dirname(path), mode);
    try {
      mkdirSync(path, { mode });
    } catch (second) {
      exceptExisting(second);
    }
  }
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

function isMissingParent(error: unknown, path: string): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT' && dirname(path) !== path;
}

/** Another process may have made the folder in between. */
function exceptExisting(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
}

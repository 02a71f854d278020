/** Checks of group `file`: which users may change the file, or the libraries that are loaded with it. */
import { realpathSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { asTenonError } from '../../base/errors.js';
import { expandFolder, isBeside } from '../../library/search-folders.js';
import { answerOf, type CheckDefinition } from '../definition.js';
import type { Subject } from '../subject.js';
import { ofElf } from './file-subject.js';

const OTHERS_WRITE = 0o002;
const STICKY = 0o1000;

export const accessChecks: readonly CheckDefinition[] = [
  {
    id: 'file/permissions',
    title: 'Only the owner and the group of the file can change or replace it.',
    why: 'Otherwise any user of the system could run code in the host. Hosts refuse such a plugin.',
    fix: 'Remove write permission for others: chmod o-w.',
    severity: 'warning',
    level: 'basic',
    needs: ['file/format'],
    method: {
      type: 'bytes',
      judge: ({ path }) => {
        if (process.platform === 'win32') return { state: 'skipped', reason: 'Windows has no file modes' };
        const real = realPath(path);
        const folder = dirname(real);
        const mode = modeOf(real) ?? 0;
        return answerOf([
          ...((mode & OTHERS_WRITE) !== 0 ? [`Any user may write to it (mode ${octal(mode)})`] : []),
          ...(anyoneWrites(folder) ? [`Any user may put another file in its place, in ${folder}`] : []),
        ]);
      },
    },
  },
  {
    id: 'file/runpath',
    title: 'The library search paths are relative to the library ($ORIGIN).',
    why: 'On another machine, a folder of the build machine does not exist or belongs to someone else. A path relative to the current folder depends on where the host was started.',
    fix: 'Link with -Wl,-rpath,$ORIGIN or without -rpath (in CMake: INSTALL_RPATH, BUILD_WITH_INSTALL_RPATH).',
    severity: 'warning',
    level: 'strict',
    needs: ['file/platform'],
    method: {
      type: 'bytes',
      judge: ofElf(({ searched }, subject) => {
        if (searched === null) return answerOf([]);
        return answerOf(
          searched.folders.flatMap((folder) => {
            const problem = problemOf(folder, subject);
            return problem === null ? [] : [`Its ${searched.tag} has '${folder}', ${problem}`];
          }),
        );
      }),
    },
  },
];

function problemOf(folder: string, { path, facts }: Subject): string | null {
  if (folder === '') return 'the current folder of the host';
  if (folder.startsWith('/')) return 'a folder of the machine that it was built on';
  if (!isBeside(folder)) return 'which is relative to the current folder of the host';
  const origin = dirname(path);
  const places = expandFolder(folder, origin, facts.arch).map((place) => resolve(place));
  // Another check covers the plugin's own folder.
  return places.some((place) => place !== origin && anyoneWrites(place))
    ? 'to which any user may write'
    : null;
}

/**
 * Returns whether any user can replace the files in a folder. In a folder with the sticky bit, such as /tmp,
 * only the owner of a file can.
 */
function anyoneWrites(folder: string): boolean {
  const mode = modeOf(folder);
  return mode !== null && (mode & OTHERS_WRITE) !== 0 && (mode & STICKY) === 0;
}

/** Returns the mode of a file, or null if the file does not exist or this user cannot see it. */
function modeOf(path: string): number | null {
  try {
    return statSync(path).mode;
  } catch {
    return null;
  }
}

/** Resolves links. @throws TenonError ERR_TENON_UNREADABLE if the file no longer exists */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    throw asTenonError(error, 'ERR_TENON_UNREADABLE', `Cannot read ${path}`);
  }
}

function octal(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, '0');
}

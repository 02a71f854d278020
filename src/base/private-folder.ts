/** Folders for files that will be loaded or trusted: no other user can write to them or enter them. */
import { type Stats, statSync } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { TenonError } from './errors.js';
import { makeFolder } from './make-folder.js';

const uid = process.getuid?.() ?? null;
const OTHERS_WRITE = 0o022;
const STICKY = 0o1000;

/**
 * Creates the folder if it is missing, for this user only, and checks that no other user can write to it.
 * `what` says what the folder is for. `advice` says what to do about an unsuitable folder. Both are for the
 * message.
 * @throws TenonError ERR_TENON_UNTRUSTED if the folder is unsuitable
 * @throws the system's error if it cannot be created
 */
export async function makePrivateFolder(folder: string, what: string, advice: string): Promise<void> {
  await makeFolder(folder, 0o700);
  const found = await lstat(folder);
  const foreign = uid !== null && found.uid !== uid;
  const open = process.platform !== 'win32' && (found.mode & 0o022) !== 0;
  if (found.isDirectory() && !foreign && !open) return;
  const seen = found.isDirectory()
    ? `owner ${found.uid}, mode ${(found.mode & 0o7777).toString(8)}`
    : 'something that is not a folder';
  throw new TenonError(
    'ERR_TENON_UNTRUSTED',
    `Cannot keep ${what} in ${folder}: expected a folder of user ${uid ?? 'yours'} that no other user can write to, found ${seen}. ${advice}`,
    { path: folder },
  );
}

/**
 * Returns why a file may have been written by another user than this one and root, as part of a sentence.
 * Returns null if it cannot. `stats` are those of the open file.
 */
export function problemOfOwner(path: string, { uid: owner, mode }: Stats): string | null {
  if (uid === null) return null;
  if (owner !== uid && owner !== 0) return `it belongs to user ${owner}, expected ${uid} or root`;
  if ((mode & OTHERS_WRITE) !== 0) return `other users may write to it (mode ${octal(mode)})`;
  const folder = statSync(dirname(path));
  if (folder.uid !== uid && folder.uid !== 0)
    return `its folder belongs to user ${folder.uid}, expected ${uid} or root`;
  if ((folder.mode & 0o002) !== 0 && (folder.mode & STICKY) === 0)
    return `any user may write to its folder (mode ${octal(folder.mode)})`;
  return null;
}

function octal(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, '0');
}

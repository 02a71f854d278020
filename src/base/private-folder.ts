/** Folders for files that will be loaded or trusted: no other user can write to them or enter them. */
import { lstat, mkdir } from 'node:fs/promises';
import { TenonError } from './errors.js';

const uid = process.getuid?.() ?? null;

/**
 * Creates the folder if it is missing, for this user only, and checks that no other user can write to it.
 * `what` says what the folder is for. `advice` says what to do about an unsuitable folder. Both are for the
 * message.
 * @throws TenonError ERR_TENON_UNTRUSTED if the folder is unsuitable
 * @throws the system's error if it cannot be created
 */
export async function makePrivateFolder(folder: string, what: string, advice: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
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

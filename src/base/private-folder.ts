/** Folders for files that will be loaded or believed: nobody else can write to them, or enter them. */
import { lstat, mkdir } from 'node:fs/promises';
import { TenonError } from './errors.js';

const uid = process.getuid?.() ?? null;

/**
 * Makes the folder if it is missing, for this user only, and checks that it is one that nobody else can write to.
 * `what` says what it is for, and `advice` what to do about a folder that is not, each for the message.
 * @throws TenonError ERR_TENON_UNTRUSTED; what the system says if it cannot be made
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
    `Cannot keep ${what} in ${folder}: expected a folder of user ${uid ?? 'yours'} that nobody else can write to, found ${seen}. ${advice}`,
    { path: folder },
  );
}

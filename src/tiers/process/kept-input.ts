/**
 * Keeps the inputs of calls that ended their process. Each input is a file with mode 0600 in a folder of the user. Its
 * name contains the digest of its bytes, so that repeated crashes use no more space. The oldest files are removed.
 */
import { randomUUID } from 'node:crypto';
import {
  closeSync,
  constants,
  lstatSync,
  openSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { TenonError } from '../../base/errors.js';
import { makeFolderSync } from '../../base/make-folder.js';
import { digestOf } from './report.js';
import type { CrashInputSettings, KeptInput } from './settings.js';

/** An input, and the call that it belongs to. */
export interface CrashInput {
  readonly plugin: string;
  /** The method as `tenon call --method` takes it; null for `new`. */
  readonly method: string | null;
  /** The input. Null for `new`, which only has a config. */
  readonly input: Buffer | null;
  /** The config of the instance, possibly empty. */
  readonly config: Uint8Array;
}

const FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0);

/**
 * Creates the folder if it does not exist. Returns its path without symbolic links.
 * @throws TenonError ERR_TENON_UNTRUSTED if others can enter it, ERR_TENON_UNREADABLE if it cannot be created
 */
export function privateFolder(folder: string): string {
  try {
    makeFolderSync(folder, 0o700);
    const path = realpathSync(folder);
    checkPrivate(path);
    return path;
  } catch (error) {
    if (error instanceof TenonError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    const message = `Cannot keep inputs in ${folder}: ${reason}. Name another folder with crashInputs.`;
    throw new TenonError('ERR_TENON_UNREADABLE', message, { path: folder, cause: error });
  }
}

function checkPrivate(path: string): void {
  const { uid, mode } = statSync(path);
  const own = process.getuid?.();
  if (own === undefined || (uid === own && (mode & 0o077) === 0)) return;
  const found = `owner ${uid}, mode ${(mode & 0o7777).toString(8)}`;
  throw new TenonError(
    'ERR_TENON_UNTRUSTED',
    `Cannot keep inputs in ${path}: expected a folder that only user ${own} can enter, found ${found}. Run chmod 700 on it, or name another one with crashInputs.`,
    { path },
  );
}

/** Writes the input. On failure warns and returns null: the crash is reported in any case. */
export function keepInput(settings: CrashInputSettings, found: CrashInput): KeptInput | null {
  try {
    const folder = privateFolder(settings.folder);
    const { plugin, input, config, method } = found;
    const name = `${plugin}-${digestOf(Buffer.concat([config, input ?? Buffer.alloc(0)])).slice(0, 16)}`;
    const file = input === null ? null : write(folder, `${name}.bin`, input);
    const configFile = config.length === 0 ? null : write(folder, `${name}.config.json`, config);
    removeOldest(folder, plugin, settings.files);
    return { method, file, config: configFile };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const message = `The input that plugin ${found.plugin} crashed with could not be kept: ${reason}`;
    process.emitWarning(message, { type: 'TenonWarning', code: 'TENON_INPUT_NOT_KEPT' });
    return null;
  }
}

/** Replaces the file atomically, and never writes through a symbolic link. */
function write(folder: string, name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  const present = lstatSync(path, { throwIfNoEntry: false });
  if (present?.isFile() && present.size === bytes.length) {
    const now = new Date();
    utimesSync(path, now, now);
    return path;
  }
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    const file = openSync(temporary, FLAGS, 0o600);
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  return path;
}

/** Removes only files that this module has written for the plugin. */
function removeOldest(folder: string, plugin: string, most: number): void {
  const ages = new Map<string, number>();
  for (const name of readdirSync(folder)) {
    const rest = name.startsWith(`${plugin}-`) ? name.slice(plugin.length + 1) : '';
    const [, digest] = /^([0-9a-f]{16})\.(?:bin|config\.json)$/.exec(rest) ?? [];
    const found = digest === undefined ? undefined : lstatSync(join(folder, name), { throwIfNoEntry: false });
    if (digest !== undefined && found?.isFile())
      ages.set(digest, Math.max(found.mtimeMs, ages.get(digest) ?? 0));
  }
  const oldest = [...ages].sort(([, one], [, other]) => other - one).slice(most);
  for (const [digest] of oldest) {
    for (const end of ['bin', 'config.json'])
      rmSync(join(folder, `${plugin}-${digest}.${end}`), { force: true });
  }
}

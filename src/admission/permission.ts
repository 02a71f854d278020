/** The permission model of Node.js (`node --permission`): what it forbids is an error that names the flag. */
import { TenonError } from '../base/errors.js';

/** The flags that permit what admission needs, by the names that Node.js gives to permissions. */
const FLAGS: Readonly<Record<string, string>> = {
  FileSystemRead: '--allow-fs-read',
  FileSystemWrite: '--allow-fs-write',
  ChildProcess: '--allow-child-process',
  WorkerThreads: '--allow-worker',
};
const MOST_CAUSES = 8;

/** Returns an error that names the missing flag if Node.js forbade something; null for any other error. */
export function asDenied(error: unknown, path: string): TenonError | null {
  let cause: unknown = error;
  for (let depth = 0; depth < MOST_CAUSES && cause instanceof Error; depth++, cause = cause.cause) {
    const { code, permission, resource } = cause as Error & Partial<Record<string, string>>;
    if (code !== 'ERR_ACCESS_DENIED') continue;
    const flag = FLAGS[permission ?? ''];
    const on = resource === undefined || resource === '' ? '' : ` for ${resource}`;
    const advice = flag === undefined ? 'See docs/operations.md for the flags.' : `Start node with ${flag}.`;
    return new TenonError(
      flag?.startsWith('--allow-fs') ? 'ERR_TENON_UNREADABLE' : 'ERR_TENON_UNSUPPORTED',
      `Cannot load ${path}: the permission model of Node.js denies ${permission ?? 'it'}${on}. ${advice}`,
      { path, cause: error },
    );
  }
  return null;
}

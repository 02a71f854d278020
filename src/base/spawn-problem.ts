/** Why a program could not be started, and what to do about it. */
import { accessSync, constants, statSync } from 'node:fs';
import { devNull } from 'node:os';
import { messageOf } from './errors.js';

/** The program that was started. */
export interface Started {
  readonly program: string;
  /** The working directory; undefined for that of this process. */
  readonly cwd: string | undefined;
}

/** The facts about the system that decide which cause is the true one. */
export interface SystemFacts {
  isFolder(path: string): boolean;
  exists(path: string): boolean;
}

const SYSTEM: SystemFacts = {
  isFolder: (path) => attempt(() => statSync(path).isDirectory()),
  exists: (path) => attempt(() => accessSync(path, constants.F_OK) === undefined),
};

function attempt(look: () => boolean): boolean {
  try {
    return look();
  } catch {
    return false;
  }
}

/**
 * Explains the error of a start as whole sentences. The system reports a missing program, a missing working
 * directory, a missing loader and a missing null device with the same error. `remedy` says how to get the
 * program.
 */
export function spawnProblem(
  cause: unknown,
  { program, cwd }: Started,
  remedy: string,
  system: SystemFacts = SYSTEM,
): string {
  const code = (cause as NodeJS.ErrnoException | undefined)?.code;
  if (cwd !== undefined && !system.isFolder(cwd))
    return `its working directory ${cwd} is not a folder. Correct the option cwd.`;
  if (code === 'ENOENT' && !system.exists(program)) return `${program} does not exist. ${remedy}`;
  if (code === 'ENOENT' && !system.exists(devNull))
    return `${devNull} does not exist. The system must provide it; a container without /dev does not.`;
  if (code === 'ENOENT')
    return `the loader that ${program} needs does not exist: it was built for another system. ${remedy}`;
  if (code === 'EACCES')
    return `${program} is not executable, or is in a file system that is mounted noexec. ${remedy}`;
  return `${program} could not be used: ${messageOf(cause)}. ${remedy}`;
}

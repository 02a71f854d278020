/** The option --state-dir: the folder in which hosts register and keep their quarantine. */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { TenonError } from '../../index.js';
import type { OptionSpec } from '../options.js';
import { UsageError } from '../usage.js';

export const STATE_DIR = {
  value: 'FOLDER',
  path: 'folder',
  about: "the value of the option 'stateDir' of the hosts; the default is TENON_STATE_DIR",
} as const satisfies OptionSpec;

/** Returns the state folder. @throws UsageError if neither the option nor the variable is set */
export function stateDirOf(option: string | undefined): string {
  const folder = option ?? process.env['TENON_STATE_DIR'] ?? '';
  if (folder !== '') return resolve(folder);
  throw new UsageError('the state folder of the hosts is missing. Give --state-dir, or set TENON_STATE_DIR.');
}

/** Checks that the folder exists. @throws TenonError ERR_TENON_NOT_FOUND */
export function requireFolder(folder: string): void {
  try {
    if (statSync(folder).isDirectory()) return;
  } catch {
    // The error below reports it.
  }
  throw new TenonError(
    'ERR_TENON_NOT_FOUND',
    `Cannot read the state folder ${folder}: no such folder. A host creates it when it starts. Check the path.`,
    { path: folder },
  );
}

/** The option --state-dir: the folder in which hosts register and keep their quarantine. */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { TenonError } from '../../index.js';
import type { OptionSpec } from '../options.js';
import { UsageError } from '../usage.js';

export const STATE_DIR = {
  value: 'FOLDER',
  path: 'folder',
  about: "the folder that hosts have as their option 'stateDir'; without it, TENON_STATE_DIR names it",
} as const satisfies OptionSpec;

/** @throws UsageError if neither the option nor the variable names a folder */
export function stateDirOf(option: string | undefined): string {
  const folder = option ?? process.env['TENON_STATE_DIR'] ?? '';
  if (folder !== '') return resolve(folder);
  throw new UsageError('the state folder of the hosts is missing. Give --state-dir, or set TENON_STATE_DIR.');
}

/** @throws TenonError ERR_TENON_NOT_FOUND */
export function requireFolder(folder: string): void {
  try {
    if (statSync(folder).isDirectory()) return;
  } catch {
    // The message below says all.
  }
  throw new TenonError(
    'ERR_TENON_NOT_FOUND',
    `Cannot read the state folder ${folder}: no such folder. A host makes it when it starts. Check the path.`,
    { path: folder },
  );
}

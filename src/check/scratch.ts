/** A folder of its own for what the plugin and the checker write, which goes with the check. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asTenonError } from '../base/errors.js';

/** @throws TenonError ERR_TENON_UNREADABLE if there can be no temporary folder */
export async function withScratch<T>(work: (folder: string) => Promise<T>): Promise<T> {
  let folder: string;
  try {
    folder = mkdtempSync(join(tmpdir(), 'tenon-check-'));
  } catch (error) {
    throw asTenonError(error, 'ERR_TENON_UNREADABLE', `Cannot make a folder in ${tmpdir()}`);
  }
  try {
    return await work(folder);
  } finally {
    // What a plugin's process without supervision still writes in there is not ours to wait for.
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

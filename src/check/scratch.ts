/** Temporary folders for files of the plugin and the checker. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asTenonError } from '../base/errors.js';

/**
 * Runs `work` with a temporary folder, and removes the folder afterwards.
 * @throws TenonError ERR_TENON_UNREADABLE if the folder cannot be created
 */
export async function withScratch<T>(work: (folder: string) => Promise<T>): Promise<T> {
  let folder: string;
  try {
    folder = mkdtempSync(join(tmpdir(), 'tenon-check-'));
  } catch (error) {
    throw asTenonError(error, 'ERR_TENON_UNREADABLE', `Cannot create a folder in ${tmpdir()}`);
  }
  try {
    return await work(folder);
  } finally {
    // A process of the plugin that escaped may still write to the folder. It is not waited for.
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

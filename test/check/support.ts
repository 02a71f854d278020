/** Helpers of the safety suite tests. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { buildDir } from '../support/index.js';

/** Whether the checks can run, which need Linux and the built checker. */
export const canCheck =
  process.platform === 'linux' && existsSync(join(buildDir, 'Release', 'tenon-checker'));

/** The folder of the plugins that have one fault each. */
export const tripsDir = join(buildDir, 'trips');

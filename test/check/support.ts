/** What the tests of the safety suite share. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { buildDir } from '../support/index.js';

/** The checker is a program for Linux. */
export const canCheck =
  process.platform === 'linux' && existsSync(join(buildDir, 'Release', 'tenon-checker'));

/** The plugins with one fault each. */
export const tripsDir = join(buildDir, 'trips');

/**
 * The check that each plugin of `plugins-c/check` trips. Each plugin has one fault, and the suite must find
 * this fault and no other. The tests of this folder run every row.
 */
import type { CheckOptions } from '../../src/check/index.js';
import { abiTrips } from './table-abi.js';
import { callTrips } from './table-calls.js';
import { fileTrips } from './table-file.js';
import { flowTrips } from './table-flow.js';
import { fuzzTrips } from './table-fuzz.js';
import { kindTrips } from './table-kind.js';
import { lifecycleTrips } from './table-lifecycle.js';
import { resourceTrips } from './table-resources.js';
import { sanitizeTrips } from './table-sanitize.js';
import { stateTrips } from './table-state.js';
import { threadTrips } from './table-threads.js';

export interface Trip {
  /** The id of the check. */
  readonly check: string;
  /** The file in build/trips, without its extension. */
  readonly plugin: string;
  /** A string that the message of the finding, or the reason of an incomplete check, must contain. */
  readonly mentions: string;
  /** Default: `failed`. */
  readonly state?: 'failed' | 'incomplete';
  /** The options that the run needs. */
  readonly options?: CheckOptions;
}

export const trips: readonly Trip[] = [
  ...fileTrips,
  ...abiTrips,
  ...lifecycleTrips,
  ...callTrips,
  ...kindTrips,
  ...flowTrips,
  ...stateTrips,
  ...threadTrips,
  ...resourceTrips,
  ...fuzzTrips,
  ...sanitizeTrips,
];

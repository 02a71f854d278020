/**
 * Which plugin trips which check. Each plugin of `plugins-c/check` has one fault, and the suite finds that one and no other: the tests
 * of this folder walk through the table.
 */
import type { CheckOptions } from '../../src/check/index.js';
import { abiTrips } from './table-abi.js';
import { callTrips } from './table-calls.js';
import { fileTrips } from './table-file.js';
import { fuzzTrips } from './table-fuzz.js';
import { lifecycleTrips } from './table-lifecycle.js';
import { resourceTrips } from './table-resources.js';
import { sanitizeTrips } from './table-sanitize.js';
import { threadTrips } from './table-threads.js';

export interface Trip {
  /** The id of the check. */
  readonly check: string;
  /** The file in build/trips, without its extension. */
  readonly plugin: string;
  /** A text in the message of the finding. */
  readonly mentions: string;
  /** What has to be said for it. */
  readonly options?: CheckOptions;
}

export const trips: readonly Trip[] = [
  ...fileTrips,
  ...abiTrips,
  ...lifecycleTrips,
  ...callTrips,
  ...threadTrips,
  ...resourceTrips,
  ...fuzzTrips,
  ...sanitizeTrips,
];

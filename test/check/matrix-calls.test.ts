/** Each fault of calls, of kinds and of generated inputs trips its check and no other. */
import { describe } from 'vitest';
import { tryTrips } from './matrix.js';
import { canCheck } from './support.js';
import { callTrips } from './table-calls.js';
import { fuzzTrips } from './table-fuzz.js';
import { kindTrips } from './table-kind.js';

describe.skipIf(!canCheck)('each fault trips exactly one check', () => {
  tryTrips([...callTrips, ...kindTrips, ...fuzzTrips]);
});

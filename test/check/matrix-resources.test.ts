/** Each fault of threads, of resources and of memory trips its check and no other. */
import { describe } from 'vitest';
import { tryTrips } from './matrix.js';
import { canCheck } from './support.js';
import { resourceTrips } from './table-resources.js';
import { sanitizeTrips } from './table-sanitize.js';
import { threadTrips } from './table-threads.js';

describe.skipIf(!canCheck)('each fault trips exactly one check', () => {
  tryTrips([...threadTrips, ...resourceTrips, ...sanitizeTrips]);
});

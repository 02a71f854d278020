import type { Trip } from './table.js';

export const callTrips: readonly Trip[] = [
  { check: 'calls/plain', plugin: 'calls-plain', mentions: 'returned 42' },
];

/** Checks of group `calls`: bytes in, bytes out. */
import type { CheckDefinition } from '../definition.js';

/** Milliseconds. */
const QUICK = 10_000;

export const callChecks: readonly CheckDefinition[] = [
  {
    id: 'calls/plain',
    title:
      'A call with the usual input comes back with a status of the ABI and an output within its capacity.',
    why: 'It is what a plugin is for.',
    fix: 'Write with tenon_write, and return one of the status values of tenon.h.',
    severity: 'error',
    level: 'basic',
    needs: ['lifecycle/new'],
    method: { type: 'scenario', deadline: QUICK },
  },
];

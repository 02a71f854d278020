/** Checks of group `sanitize`: reports of compilers' sanitizers. Only where the user asks for one. */
import type { CheckDefinition } from '../definition.js';
import { sanitize } from '../sanitize/run.js';

const common = {
  severity: 'error',
  level: 'basic',
  needs: ['file/entry-points'],
  method: { type: 'processes', run: sanitize },
} as const;

export const sanitizerChecks: readonly CheckDefinition[] = [
  {
    ...common,
    id: 'sanitize/address',
    title:
      'AddressSanitizer has nothing to report: no memory is read or written that is not there, and none is lost.',
    why: 'Memory errors show themselves somewhere else, later, and only sometimes; here each is found at its line.',
    fix: 'Follow the stacks in the report: where memory was used, freed and allocated.',
  },
  {
    ...common,
    id: 'sanitize/undefined',
    title:
      'UndefinedBehaviorSanitizer has nothing to report: no overflow, no bad shift, no misaligned access.',
    why: 'The next compiler, or the next optimisation, makes something else of code whose behaviour is undefined.',
    fix: 'Check before you calculate, and copy with memcpy what may not be aligned.',
  },
  {
    ...common,
    id: 'sanitize/thread',
    title: 'ThreadSanitizer has nothing to report: instances on several threads do not race.',
    why: 'Hosts use instances on several threads at the same time; a race shows itself once in a million calls.',
    fix: 'Guard what instances share with a lock or an atomic, or do not share it.',
  },
];

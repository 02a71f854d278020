/** Checks of group `sanitize`: reports of compilers' sanitizers. They run only on request. */
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
    title: 'AddressSanitizer reports no invalid memory access and no leak.',
    why: 'Memory errors show up elsewhere, later, and only sometimes. AddressSanitizer finds each at its line.',
    fix: 'Follow the stacks in the report: where the memory was used, freed and allocated.',
  },
  {
    ...common,
    id: 'sanitize/undefined',
    title: 'UndefinedBehaviorSanitizer reports no overflow, no invalid shift and no misaligned access.',
    why: 'Another compiler or another optimisation may give code with undefined behaviour a different effect.',
    fix: 'Check operands before you calculate, and copy data that may be unaligned with memcpy.',
  },
  {
    ...common,
    id: 'sanitize/thread',
    title: 'ThreadSanitizer reports no data race between instances on several threads.',
    why: 'Hosts use instances on several threads at the same time. A race may show up only once in a million calls.',
    fix: 'Guard shared state with a lock or an atomic, or do not share it.',
  },
  {
    ...common,
    id: 'sanitize/valgrind',
    title:
      'valgrind reports no invalid access, no use of uninitialised memory and no lost memory in the plugin.',
    why: 'These faults show up elsewhere, later, and only sometimes. valgrind finds them in a plugin that was not built for it.',
    fix: 'Follow the stacks in the report: where the memory was used, and where it was allocated or left uninitialised.',
  },
];

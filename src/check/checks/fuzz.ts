/** Checks of group `fuzz`: made-up inputs and configs. Only where the user asks for them. */
import type { CheckDefinition } from '../definition.js';
import { fuzz } from '../fuzz/run.js';

const method = { type: 'processes', run: fuzz } as const;

export const fuzzChecks: readonly CheckDefinition[] = [
  {
    id: 'fuzz/input',
    title: 'A call survives any input: it neither crashes nor hangs nor panics, and keeps the contract.',
    why: 'Inputs come from files and networks, which somebody else writes.',
    fix: 'Check every length, offset and number of the input before it is used, and answer TENON_INVALID.',
    severity: 'error',
    level: 'basic',
    needs: ['calls/plain'],
    method,
  },
  {
    id: 'fuzz/config',
    title: 'new survives any config: it neither crashes nor hangs nor panics, and keeps the contract.',
    why: 'Configs are written by people, and by programs that people have written.',
    fix: 'Parse with a library that was fuzzed itself, check every value, and answer TENON_INVALID.',
    severity: 'error',
    level: 'basic',
    needs: ['calls/plain'],
    method,
  },
  {
    id: 'fuzz/methods',
    title:
      'The methods of its kinds survive any input: they neither crash nor hang nor panic, and keep the contract.',
    why: 'A host that gives a wrong record, or the bytes of somebody else, must get an answer.',
    fix: 'Compare in_len with the size of the record first, check every value, and answer TENON_INVALID.',
    severity: 'error',
    level: 'basic',
    needs: ['calls/plain'],
    method: {
      ...method,
      skip: ({ facts }) =>
        Object.keys(facts.descriptor?.kinds ?? {}).length === 0 ? 'it has no kinds' : null,
    },
  },
];

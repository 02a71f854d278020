/** Checks of group `fuzz`: generated inputs and configs. They run on request, and for a short time at the level torture. */
import type { CheckDefinition } from '../definition.js';
import { fuzz } from '../fuzz/run.js';

const method = { type: 'processes', run: fuzz } as const;

export const fuzzChecks: readonly CheckDefinition[] = [
  {
    id: 'fuzz/input',
    title: 'A call handles any input without a crash, a hang, a panic or a breach of the contract.',
    why: 'Inputs come from files and networks, and their authors may be hostile.',
    fix: 'Check every length, offset and number of the input before you use it, and return TENON_INVALID.',
    severity: 'error',
    level: 'basic',
    needs: ['calls/plain'],
    method,
  },
  {
    id: 'fuzz/config',
    title: 'new handles any config without a crash, a hang, a panic or a breach of the contract.',
    why: 'Configs are written by people, and by programs that people have written.',
    fix: 'Use a parser that has itself been fuzzed, check every value, and return TENON_INVALID.',
    severity: 'error',
    level: 'basic',
    needs: ['calls/plain'],
    method,
  },
  {
    id: 'fuzz/methods',
    title:
      'The methods of its kinds handle any input without a crash, a hang, a panic or a breach of the contract.',
    why: 'A host may pass a wrong record, or bytes from an untrusted source. The method must still return.',
    fix: 'Compare in_len with the size of the record first, check every value, and return TENON_INVALID.',
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

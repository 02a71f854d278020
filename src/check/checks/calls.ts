/** Checks of group `calls`: bytes in, bytes out. Those about inputs and outputs have files of their own. */
import type { CheckDefinition } from '../definition.js';
import { inputChecks } from './calls-input.js';
import { outputChecks } from './calls-output.js';
import { GENEROUS, NEEDS_CALLS, QUICK } from './calls-shared.js';

const plain: CheckDefinition = {
  id: 'calls/plain',
  title: 'Calls with the usual input come back with a status of the ABI and an output within its capacity.',
  why: 'It is what a plugin is for.',
  fix: 'Write with tenon_write, and return one of the status values of tenon.h.',
  severity: 'error',
  level: 'basic',
  needs: ['lifecycle/new'],
  method: { type: 'scenario', timeout: 10_000 },
};

const contractChecks: readonly CheckDefinition[] = [
  {
    id: 'calls/odd-input',
    title: 'Inputs that make no sense are answered with a status of the ABI.',
    why: 'Sooner or later a user hands over the wrong file, and a host has to be able to say so.',
    fix: 'Look at lengths and formats before anything is used, and return TENON_INVALID with a message.',
    severity: 'error',
    level: 'strict',
    needs: NEEDS_CALLS,
    method: { type: 'scenario', timeout: GENEROUS },
  },
  {
    id: 'calls/message-text',
    title: 'The message of a failure is UTF-8, also where the input is not.',
    why: 'Hosts show it to people and write it to logs; one that is no text makes the failure a breach of the contract.',
    fix: 'Do not copy bytes of the input into a message: name their place, or escape them.',
    severity: 'error',
    level: 'strict',
    needs: ['calls/odd-input'],
    method: { type: 'scenario', timeout: GENEROUS },
  },
  {
    id: 'calls/message-empty',
    title: 'A failure comes with a message.',
    why: 'A bare status leaves whoever has the failure with nothing to go by.',
    fix: 'Return with tenon_fail(out, status, "what failed, and what to do").',
    severity: 'warning',
    level: 'strict',
    needs: ['calls/odd-input'],
    method: { type: 'scenario', timeout: GENEROUS },
  },
  {
    id: 'calls/deterministic',
    title: 'A plugin that declares TENON_DETERMINISTIC gives fresh instances one result for one input.',
    why: 'Hosts keep results of such a plugin, and compare those of several processes.',
    fix: 'Find what differs: uninitialised memory, addresses, times, the order of a hash table. Or do not declare it.',
    severity: 'error',
    level: 'basic',
    needs: NEEDS_CALLS,
    method: { type: 'scenario', timeout: QUICK },
  },
  {
    id: 'calls/after-failure',
    title:
      'After a call that failed the next one is answered with a status of the ABI, and the instance can be dropped.',
    why: 'A failed call is no reason for a host to make a new instance.',
    fix: 'Leave the instance as it was where a call fails half-way, for instance because reserve did.',
    severity: 'error',
    level: 'strict',
    needs: ['calls/odd-input', 'calls/reserve-fails'],
    method: { type: 'scenario', timeout: GENEROUS },
  },
  {
    id: 'calls/methods',
    title: 'Each method of the declared kinds keeps the contract of a call.',
    why: 'Hosts call them as they call something.',
    fix: 'Check the length of the record first, and return TENON_INVALID if it is another one.',
    severity: 'error',
    level: 'basic',
    needs: [...NEEDS_CALLS, 'abi/kind-tables'],
    method: { type: 'scenario', timeout: QUICK },
  },
  {
    id: 'calls/record-length',
    title: 'Methods read no more of a record than there is.',
    why: 'A host that was built for an older version of the kind hands over a shorter record; behind it lies other memory.',
    fix: 'Compare in_len with the size of the record before it is read.',
    severity: 'error',
    level: 'strict',
    needs: ['calls/methods', 'calls/input-bounds'],
    method: { type: 'scenario', timeout: GENEROUS },
  },
];

export const callChecks: readonly CheckDefinition[] = [
  plain,
  ...outputChecks,
  ...inputChecks,
  ...contractChecks,
];

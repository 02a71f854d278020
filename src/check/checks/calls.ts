/** Checks of group `calls`: bytes in, bytes out. Those of inputs and outputs are in separate files. */
import type { CheckDefinition } from '../definition.js';
import { inputChecks } from './calls-input.js';
import { outputChecks } from './calls-output.js';
import { GENEROUS, NEEDS_CALLS, QUICK } from './calls-shared.js';

const plain: CheckDefinition = {
  id: 'calls/plain',
  title: 'A call with the usual input returns a status of the ABI and an output within its capacity.',
  why: 'Calls are the purpose of a plugin.',
  fix: 'Write with tenon_write, and return one of the status values in tenon.h.',
  severity: 'error',
  level: 'basic',
  needs: ['lifecycle/new'],
  method: { type: 'scenario', timeout: 10_000 },
};

const contractChecks: readonly CheckDefinition[] = [
  {
    id: 'calls/odd-input',
    title: 'Calls with nonsensical inputs return a status of the ABI.',
    why: 'Sooner or later a user passes the wrong file, and the host has to be able to report that.',
    fix: 'Check lengths and formats before you use anything, and return TENON_INVALID with a message.',
    severity: 'error',
    level: 'strict',
    needs: NEEDS_CALLS,
    method: { type: 'scenario', timeout: GENEROUS },
  },
  {
    id: 'calls/message-text',
    title: 'The message of a failure is UTF-8, even if the input is not.',
    why: 'Hosts show messages to users and write them to logs. A message that is not UTF-8 turns the failure into a breach of the contract.',
    fix: 'Do not copy bytes of the input into a message. Report their offset, or escape them.',
    severity: 'error',
    level: 'strict',
    needs: ['calls/odd-input'],
    method: { type: 'scenario', timeout: GENEROUS },
  },
  {
    id: 'calls/message-empty',
    title: 'A failure has a message.',
    why: 'A status alone does not say what went wrong.',
    fix: 'Return tenon_fail(out, status, "what failed, and what to do").',
    severity: 'warning',
    level: 'strict',
    needs: ['calls/odd-input'],
    method: { type: 'scenario', timeout: GENEROUS },
  },
  {
    id: 'calls/deterministic',
    title:
      'In a plugin that declares TENON_DETERMINISTIC, all new instances return the same result for the same input.',
    why: 'Hosts cache the results of such a plugin, and compare results from several processes.',
    fix: 'Find the difference: uninitialised memory, addresses, times, the order of a hash table. Otherwise do not declare the flag.',
    severity: 'error',
    level: 'basic',
    needs: NEEDS_CALLS,
    method: { type: 'scenario', timeout: QUICK },
  },
  {
    id: 'calls/after-failure',
    title: 'After a failed call, the next call returns a status of the ABI and the instance can be dropped.',
    why: 'Hosts keep an instance after a failed call.',
    fix: 'Leave the instance unchanged when a call fails part-way, for example because reserve failed.',
    severity: 'error',
    level: 'strict',
    needs: ['calls/odd-input', 'calls/reserve-fails'],
    method: { type: 'scenario', timeout: GENEROUS },
  },
  {
    id: 'calls/methods',
    title: 'Each method of the declared kinds keeps the contract of a call.',
    why: 'Hosts call methods under the same contract as something.',
    fix: 'Check the length of the record first, and return TENON_INVALID if it is wrong.',
    severity: 'error',
    level: 'basic',
    needs: [...NEEDS_CALLS, 'abi/kind-tables'],
    method: { type: 'scenario', timeout: QUICK },
  },
  {
    id: 'calls/record-length',
    title: 'Methods do not read past the end of a record.',
    why: 'A host that was built for an older version of the kind passes a shorter record. The memory after it belongs to something else.',
    fix: 'Compare in_len with the size of the record before you read it.',
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

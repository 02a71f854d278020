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

/** Without a call that succeeds, the other checks see only how the plugin refuses an input. */
const successChecks: readonly CheckDefinition[] = [
  {
    id: 'calls/succeeds',
    title: 'A call with the usual input succeeds.',
    why: 'Most checks make this call. If it fails, they test only how the plugin refuses an input.',
    fix: 'Give an input that the plugin accepts (--input FILE), or put one next to the plugin.',
    severity: 'error',
    level: 'basic',
    needs: ['calls/plain'],
    method: { type: 'scenario', timeout: QUICK },
  },
  {
    id: 'calls/methods-succeed',
    title: 'A call of each method of the declared kinds succeeds.',
    why: 'If no call of a method succeeds, the checks test only how it refuses an input.',
    fix: 'Give inputs that the methods accept (--input FILE), or put a description of the kind next to the plugin.',
    severity: 'error',
    level: 'basic',
    needs: ['calls/methods'],
    method: { type: 'scenario', timeout: GENEROUS },
  },
];

/** Results that depend on the host's process: its settings, and the errno that its code has left. */
const surroundingChecks: readonly CheckDefinition[] = [
  {
    id: 'calls/decimal-comma',
    title: 'Results are the same in a process whose locale has a decimal comma.',
    why: 'The locale belongs to the host. printf, strtod and others then write and read 1,5 instead of 1.5, which breaks JSON and most other formats.',
    fix: 'Use functions without a locale (std::to_chars, std::from_chars), or those that end in _l with a locale from newlocale.',
    severity: 'error',
    level: 'strict',
    needs: ['calls/succeeds'],
    method: { type: 'scenario', timeout: QUICK },
  },
  {
    id: 'calls/time-zone',
    title: 'In a plugin that declares TENON_DETERMINISTIC, results do not depend on the time zone.',
    why: 'Hosts cache the results of such a plugin, and compare results from machines in several time zones.',
    fix: 'Use gmtime_r and timegm instead of localtime_r and mktime, or take the zone from the config.',
    severity: 'error',
    level: 'strict',
    needs: ['calls/succeeds', 'calls/deterministic'],
    method: { type: 'scenario', timeout: QUICK },
  },
  {
    id: 'calls/errno',
    title: 'Results do not depend on the value of errno that other code has left.',
    why: 'Functions that succeed do not clear errno. A plugin that tests it without clearing it fails at random, after an error of any other library in the process.',
    fix: 'Set errno to 0 before strtol and similar functions, or test errno only if the result of the function says that it failed.',
    severity: 'error',
    level: 'strict',
    needs: ['calls/succeeds', 'calls/odd-input', 'calls/one-byte'],
    method: { type: 'scenario', timeout: QUICK },
  },
];

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
    id: 'calls/same-after-failure',
    title: 'After a failed call, a call that succeeded before has the same result as before.',
    why: 'One bad input must not spoil the results for the good ones after it, nor those of other instances.',
    fix: 'Keep the error in a local variable, or clear it at the start of each call. Restore the state that a failed call has changed.',
    severity: 'error',
    level: 'strict',
    needs: ['calls/after-failure', 'calls/succeeds'],
    method: { type: 'scenario', timeout: GENEROUS },
  },
  {
    id: 'calls/heap',
    title: 'The plugin uses only heap memory that it has allocated, and frees each block once.',
    why: 'An access outside a block changes data of the host or of other plugins. The process ends much later, somewhere else, or an attacker decides what happens.',
    fix: 'Look at the line in the finding. Compare each index with the size of the block, keep no address of memory that may move or be freed, and free on one path only.',
    severity: 'error',
    level: 'torture',
    needs: [
      'calls/odd-input',
      'calls/lengths',
      'calls/retained-input',
      'calls/retained-output',
      'lifecycle/invalid-json',
      'lifecycle/invalid-utf8',
    ],
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
  ...successChecks,
  ...outputChecks,
  ...inputChecks,
  ...contractChecks,
  ...surroundingChecks,
];

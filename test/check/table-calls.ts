import type { Trip } from './table.js';

/** Returns a row whose plugin has the name of the check. */
const row = (name: string, mentions: string): Trip => ({
  check: `calls/${name}`,
  plugin: `calls-${name}`,
  mentions,
});

/** Returns a row of another plugin whose results contain old memory. */
const memory = (plugin: string, mentions: string): Trip => ({
  ...row(plugin, mentions),
  check: 'calls/uninitialised-memory',
});

/** Returns a row of a plugin that uses a block of the heap wrongly. */
const heap = (plugin: string, mentions: string): Trip => ({ ...row(plugin, mentions), check: 'calls/heap' });

export const callTrips: readonly Trip[] = [
  row('plain', 'returned 42'),
  row('output-bounds', 'It wrote or read past the capacity of its output'),
  row('reserve-moves', 'It used the old address of its output after reserve had moved it'),
  row('capacity-zero', 'It wrote or read past the capacity of its output'),
  row('capacity-one', 'It wrote or read past the capacity of its output'),
  row('capacity-exact', 'It wrote or read past the capacity of its output'),
  row('reserve-fails', 'It wrote or read past the capacity of its output'),
  row('truncated-output', 'returned TENON_OK with 22 of 45 bytes'),
  row('reserve-size', 'It reserved 9223372036854775807 bytes for a result of 45'),
  row('unwritten-output', '46 bytes, of which it did not write 1, the first at 45'),
  row('uninitialised-memory', 'The result of a call has 3 bytes of old memory of the stack, the first at 1'),
  memory('heap-padding', 'The result of a call has 3 bytes of old memory of the heap, the first at 1'),
  memory(
    'unset-variable',
    'it is 0 with "off" if old memory of the stack and the heap is all 0x00, and 0 with "on"',
  ),
  memory('record-padding', 'The result of method 0 of trip/1 has 3 bytes of old memory of the stack'),
  row('retained-output', 'It touched the output of a call that had returned'),
  row('empty-input', 'It read or wrote past the end of its input'),
  row('one-byte', 'In a call with an input of one byte: it returned 42'),
  row('unaligned-input', 'in: call with an input 1 bytes off an aligned address'),
  row('input-bounds', 'It read or wrote past the end of its input'),
  row('read-only-input', 'It wrote to its input, which is read-only'),
  row('retained-input', 'It touched the input of a call that had returned'),
  row('large-input', 'MiB'),
  row('lengths', 'It read or wrote past the end of its input'),
  row('odd-input', 'In a call with an odd input: 64 NUL bytes: it returned -1'),
  row('message-text', 'it failed with a message that is not UTF-8'),
  row('message-empty', 'For 64 NUL bytes it failed with status 2 and an empty message'),
  row('deterministic', 'Two fresh instances with one config and one input had different results'),
  row('after-failure', 'In a call after one that failed (no room for its output): it returned 42'),
  row('errno', 'while errno was ERANGE, which earlier code had left: it returned 2 with'),
  row('same-after-failure', 'returned 2 with "the input begins with a NUL", expected 0 with'),
  row('nested-input', 'in: call with "(" nested '),
  heap('heap', 'It used a heap block that it had freed: one of 20 bytes'),
  heap('heap-overflow', 'It wrote past the end of a heap block of 20 bytes'),
  heap('heap-underflow', 'It read or wrote before the start of a heap block of 20 bytes'),
  row('methods', 'In a call of method 0 of trip/1 with an empty input: it returned 42'),
  { ...row('succeeds', 'no call succeeded: the one with a line of English failed'), state: 'incomplete' },
  { ...row('methods-succeed', 'no call of method 1 of trip/1 succeeded'), state: 'incomplete' },
  row('decimal-comma', 'it returned 0 with "{\\x22mean\\x22:91,'),
  row('time-zone', 'In a call in a process with another time zone'),
  row('record-length', 'It read or wrote past the end of its input'),
];

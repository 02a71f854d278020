import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { TenonError } from '../../src/base/errors.js';
import { CrashReport, crashError } from '../../src/supervision/crash-report.js';
import type { RunnerExit } from '../../src/tiers/process/settings.js';
import { compile, faultFile, temporaryFolder } from '../support/index.js';

const BASE = 0x7f12_3450_0000n;
const file = faultFile('process-segfault');
const culprit = { plugin: 'shaky', path: '/plugins/shaky.so', file };

const ended: RunnerExit = {
  generation: 2,
  pid: 4711,
  code: null,
  signal: 'SIGSEGV',
  reason: 'crashed',
  problem: null,
  call: {
    method: 'something',
    number: 7,
    stage: 'call',
    inputSize: 64,
    inputDigest: 'ab'.repeat(32),
    message: null,
  },
  fault: null,
  stdout: '',
  stderr: 'first line\nassertion "x" failed\n',
  uptimeMs: 1234,
  peakRss: 3 * 2 ** 20,
};

/** Returns the address of a function in the file. */
function addressOf(name: string): bigint {
  const line = execFileSync('nm', [file], { encoding: 'utf8' })
    .split('\n')
    .find((one) => one.endsWith(` ${name}`));
  return BigInt(`0x${line?.split(' ')[0]}`);
}

/** Returns the address of the only function of a file. */
function firstSymbol(path: string): bigint {
  const line = execFileSync('nm', ['-D', '--defined-only', path], { encoding: 'utf8' });
  return BigInt(`0x${line.slice(0, 16)}`);
}

/** Returns the fault of an access to `address` in `call`. */
function faultAt(address: bigint, frames: bigint[] = []): RunnerExit['fault'] {
  return { address, pc: BASE + addressOf('call') + 4n, base: BASE, frames, mainThread: true };
}

test('a report has the plugin, the call, the place and the address, in a sentence and in lines', () => {
  const outside = 0x7fff_0000_1000n;
  const inside = BASE + addressOf('get_plugin') + 8n; // a return address right after a function of 8 bytes
  const report = new CrashReport({ ...ended, fault: faultAt(0x18n, [inside, outside]) }, culprit);
  const pc = `0x${(addressOf('call') + 4n).toString(16)}`;
  expect(report.summary).toBe(
    `Plugin shaky was ended by SIGSEGV (invalid memory access), in something (call 7, 64 bytes of input), at call+0x4 (${pc}), address 0x18 (NULL plus 24 bytes: a member or an element accessed through a NULL pointer)`,
  );
  expect(String(report).split('\n')).toEqual([
    report.summary,
    '  file:       /plugins/shaky.so',
    '  process:    4711, generation 2, ran for 1.2 s',
    '  memory:     3.0 MiB at most',
    `  input:      sha256 ${'ab'.repeat(32)}`,
    `  #0:         call+0x4 (${pc}) in shaky.so`,
    `  #1:         get_plugin+0x8 (0x${(inside - BASE).toString(16)}) in shaky.so`,
    '  #2:         outside of the library (0x7fff00001000)',
    '  stderr:',
    '    first line',
    '    assertion "x" failed',
  ]);
});

test('the error of a crash has the signal, the report and the last line of output', () => {
  const error = crashError(new CrashReport(ended, culprit));
  expect(error).toMatchObject({
    code: 'ERR_TENON_CRASHED',
    plugin: 'shaky',
    path: '/plugins/shaky.so',
    signal: 'SIGSEGV',
    report: { generation: 2, uptimeMs: 1234, call: { number: 7 } },
  });
  expect(error.message).toContain('It was generation 2 and ran for 1.2 s.');
  expect(error.message).toContain('It last wrote "assertion \\x22x\\x22 failed".');
});

test('a report is JSON, with addresses as hexadecimal strings', () => {
  const error = crashError(new CrashReport({ ...ended, fault: faultAt(8n) }, culprit));
  const json = JSON.parse(JSON.stringify(error)) as Record<string, unknown>;
  expect(json).toMatchObject({
    code: 'ERR_TENON_CRASHED',
    report: {
      plugin: 'shaky',
      reason: 'crashed',
      signal: 'SIGSEGV',
      call: { method: 'something', inputSize: 64, inputDigest: 'ab'.repeat(32) },
      fault: {
        address: '0x8',
        pc: `0x${(BASE + addressOf('call') + 4n).toString(16)}`,
        frames: [{ function: 'call', functionOffset: 4 }],
      },
      peakRss: 3 * 2 ** 20,
    },
  });
});

describe('the end in words', () => {
  const how = (end: Partial<RunnerExit>) => new CrashReport({ ...ended, signal: null, ...end }, culprit).how;
  test.each<[string, Partial<RunnerExit>, string]>([
    [
      'exit with success',
      { reason: 'exited', code: 0 },
      'exited with 0 during a call: a plugin must never exit, even with code 0',
    ],
    [
      'exit between calls',
      { reason: 'exited', code: 3, call: null },
      'exited with 3: a plugin must never exit, even with code 0',
    ],
    ['a timeout', { reason: 'timeout', signal: 'SIGKILL' }, 'was killed because it did not return in time'],
    [
      'garbage in the channel',
      { reason: 'protocol', signal: 'SIGKILL', problem: 'a length beyond the ring' },
      'was killed because its response was invalid (a length beyond the ring): most likely it overwrote memory that is shared with the host',
    ],
    ['a request', { reason: 'killed', signal: 'SIGKILL' }, 'was killed'],
    ['a stop', { reason: 'stopped', code: 0, call: null }, 'stopped as requested'],
    ['a signal without a description', { signal: 'SIGUSR1' }, 'was ended by SIGUSR1'],
    ['the CPU time limit', { signal: 'SIGXCPU' }, 'was ended by SIGXCPU (CPU time limit exceeded)'],
  ])('%s', (_, end, words) => {
    expect(how(end)).toBe(words);
  });

  test('a requested end is not a crash', () => {
    expect(new CrashReport({ ...ended, signal: null, code: 0, reason: 'stopped' }, culprit).crashed).toBe(
      false,
    );
    expect(new CrashReport({ ...ended, signal: null, code: 0, reason: 'exited' }, culprit).crashed).toBe(
      true,
    );
  });
});

describe('the meaning of an address', () => {
  const meaning = (address: bigint, frames?: bigint[]) =>
    new CrashReport({ ...ended, fault: faultAt(address, frames) }, culprit).fault?.meaning;

  test.each([
    ['NULL', 0n, 'NULL, or an address outside user space'],
    ['beyond user space', 0xdead_beef_dead_beefn, 'an address outside user space'],
    ['its own code', BASE + addressOf('call') + 1n, "the library's own code, which is read-only"],
    [
      'its constants',
      BASE + addressOf('tenon_descriptor'),
      "the library's constant data, which is read-only",
    ],
    ['the instruction itself', BASE + addressOf('call') + 4n, 'a jump to an address without code'],
    ['any other', 0x5555_0000n, null],
  ])('%s', (_, address, words) => {
    expect(meaning(address)).toBe(words);
  });

  test('a function that repeats on the stack means endless recursion', () => {
    const frames = Array.from({ length: 8 }, () => BASE + addressOf('call') + 9n);
    expect(meaning(0x7ffd_0000_0ff8n, frames)).toMatch(/^most likely a stack overflow/);
  });

  test('an address with frames of several functions has no meaning', () => {
    expect(
      meaning(0x7ffd_0000_0ff8n, [BASE + addressOf('call') + 9n, BASE + addressOf('get_plugin') + 4n]),
    ).toBeNull();
  });

  test('a signal that is not about an address has no meaning', () => {
    const report = new CrashReport({ ...ended, signal: 'SIGABRT', fault: faultAt(0x1267n) }, culprit);
    expect(report.fault).toMatchObject({ address: null, meaning: null });
    expect(report.summary).not.toContain('address');
  });
});

test('a repeated frame is one line', () => {
  const again = BASE + addressOf('get_plugin') + 4n;
  const report = new CrashReport(
    { ...ended, fault: faultAt(0n, [again, again, again, again + 1n]) },
    culprit,
  );
  const lines = String(report)
    .split('\n')
    .filter((line) => line.startsWith('  #'));
  expect(lines.map((line) => line.replace(/\(.*\) /, ''))).toEqual([
    '  #0:         call+0x4 in shaky.so',
    '  #1:         get_plugin+0x4 in shaky.so, 3 times',
    '  #4:         get_plugin+0x5 in shaky.so',
  ]);
});

describe('names and output of a plugin', () => {
  const HOSTILE = '\u001b]0;owned\u0007 \u009b31m\n::error::injected\n\u202egpj.exe\u2028';
  /** The C0 and C1 controls, format characters and separators, except the line ends of the report. */
  const UNSAFE = /(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

  test('are escaped in the report and in the message', () => {
    // No assembler accepts such a name, so it is patched into the file.
    const placeholder = 'p'.repeat(Buffer.byteLength(HOSTILE));
    const source = `__attribute__((visibility("default"))) void ${placeholder}(void) { *(volatile int *)0 = 1; }`;
    const named = compile(temporaryFolder(), 'named', source, ['-s']);
    const address = firstSymbol(named);
    const bytes = readFileSync(named);
    bytes.write(HOSTILE, bytes.indexOf(placeholder));
    writeFileSync(named, bytes);
    const fault = { address: 0n, pc: BASE + address, base: BASE, frames: [], mainThread: true };
    const report = new CrashReport(
      { ...ended, fault, stderr: `words\n${HOSTILE}` },
      { ...culprit, file: named },
    );
    expect(report.fault?.frames[0]?.function).toContain('owned');
    for (const text of [String(report), report.summary, crashError(report).message]) {
      expect(text.match(UNSAFE)).toBeNull();
      expect(text).toContain('\\x1b]0;owned\\x07');
      expect(text.split('\n').filter((line) => line.trimStart().startsWith('::'))).toEqual([]);
    }
    expect(report.summary).not.toContain('\n');
  });

  test('are escaped in the message of any error', () => {
    const { message } = new TenonError('ERR_TENON_CALL_FAILED', `x of plugin y failed: ${HOSTILE}`);
    expect(message.match(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)).toBeNull();
    expect(message).toContain('\\x0a::error::injected');
  });
});

test('an invalid report of a process is shown unchanged and does no harm', () => {
  const frames = Array.from({ length: 500 }, (_, index) => 2n ** 64n - BigInt(index));
  const fault = { address: 2n ** 64n - 1n, pc: 0n, base: 2n ** 64n - 1n, frames, mainThread: false };
  const report = new CrashReport({ ...ended, fault, stderr: 'x'.repeat(100_000) }, culprit);
  expect(report.fault?.frames.length).toBe(33);
  expect(report.fault?.frames.every((frame) => frame.function === null)).toBe(true);
  expect(report.stderr.length).toBe(16 * 1024);
  expect(String(report)).toContain('thread:     started by the plugin');
  expect(() => JSON.stringify(report)).not.toThrow();
});

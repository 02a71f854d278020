/** The exceptions of Windows, as far as they can be tested on every system. */
import { describe, expect, test } from 'vitest';
import { CrashReport } from '../../../src/supervision/crash-report.js';
import { exceptionOf } from '../../../src/tiers/process/exceptions.js';
import type { RunnerExit } from '../../../src/tiers/process/settings.js';

const ON_WINDOWS = true;

describe('an exit code', () => {
  test.each<[number, string | null]>([
    [0xc000_0005, 'EXCEPTION_ACCESS_VIOLATION'],
    [0xc000_00fd, 'EXCEPTION_STACK_OVERFLOW'],
    [0xc000_0094, 'EXCEPTION_INT_DIVIDE_BY_ZERO'],
    [0x4000_0015, 'STATUS_FATAL_APP_EXIT'],
    [0xc123_4567, 'exception 0xc1234567'],
    [0, null],
    [1, null],
    [3, null],
    [0x7fff_ffff, null],
  ])('%i stands for %s on Windows', (code, name) => {
    expect(exceptionOf(code, ON_WINDOWS)).toBe(name);
  });

  test('stands for no exception on other systems, or if there is none', () => {
    expect(exceptionOf(0xc000_0005, !ON_WINDOWS)).toBeNull();
    expect(exceptionOf(null, ON_WINDOWS)).toBeNull();
  });
});

const exit: RunnerExit = {
  generation: 1,
  pid: 42,
  code: 0xc000_0005,
  signal: null,
  exception: 'EXCEPTION_ACCESS_VIOLATION',
  reason: 'crashed',
  problem: null,
  call: null,
  fault: { address: 8n, pc: 0x1000n, base: 0n, frames: [], mainThread: true },
  stdout: '',
  stderr: '',
  uptimeMs: 1,
  peakRss: null,
};

describe('the report of a crash', () => {
  test('names the exception, what it means, and the address that it is about', () => {
    const report = new CrashReport(exit, { plugin: 'broken', path: 'broken.dll' });
    expect(report).toMatchObject({
      code: 0xc000_0005,
      signal: null,
      exception: 'EXCEPTION_ACCESS_VIOLATION',
    });
    expect(report.summary).toBe(
      'Plugin broken was ended by EXCEPTION_ACCESS_VIOLATION (invalid memory access), address 0x8 (NULL plus 8 bytes: a member or an element accessed through a NULL pointer)',
    );
  });

  test('has no address for an exception that is about none', () => {
    const divided = { ...exit, code: 0xc000_0094, exception: 'EXCEPTION_INT_DIVIDE_BY_ZERO' };
    const report = new CrashReport(divided, { plugin: 'broken', path: 'broken.dll' });
    expect(report.fault?.address).toBeNull();
    expect(report.how).toBe('was ended by EXCEPTION_INT_DIVIDE_BY_ZERO (integer division by zero)');
  });
});

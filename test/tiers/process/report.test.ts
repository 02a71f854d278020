/** The report on a runner that has ended, from the facts of native code. */
import { constants } from 'node:os';
import { describe, expect, test } from 'vitest';
import type { ProcessFacts } from '../../../src/addon/process.js';
import { announcedEnd } from '../../../src/tiers/process/report.js';

const crash = (signal: number): Pick<ProcessFacts, 'crash'> => ({
  crash: { signal, mainThread: true, address: 0n, pc: 0n, base: 0n, frames: [] },
});
const KILLED = { code: null, signal: 'SIGKILL' } as const;

describe('a process that is killed', () => {
  test('after it recorded a crash has ended by the recorded signal', () => {
    const { SIGSEGV } = constants.signals;
    expect(announcedEnd(KILLED, crash(SIGSEGV))).toEqual({ code: null, signal: 'SIGSEGV' });
  });

  test('without a record of a crash, or with one of an unknown signal, has ended by SIGKILL', () => {
    expect(announcedEnd(KILLED, { crash: null })).toEqual(KILLED);
    expect(announcedEnd(KILLED, crash(4711))).toEqual(KILLED);
  });

  test('and whose exit status is unknown has ended by the recorded signal', () => {
    const unknown = { code: null, signal: null };
    const { SIGABRT } = constants.signals;
    expect(announcedEnd(unknown, crash(SIGABRT))).toEqual({ code: null, signal: 'SIGABRT' });
    expect(announcedEnd(unknown, { crash: null })).toEqual(unknown);
  });

  test('by another signal, or that has exited, has ended that way', () => {
    for (const end of [{ code: null, signal: 'SIGTERM' } as const, { code: 3, signal: null }])
      expect(announcedEnd(end, crash(constants.signals.SIGSEGV))).toEqual(end);
  });
});

/**
 * Verdicts for the tests of the formats: one with every type of result, one with hostile strings, and a clean
 * one.
 */
import { histogram, series } from '../../src/check/measures.js';
import { addTallies, tallyOf } from '../../src/check/tally.js';
import type { CheckResult, FileVerdict, Finding, Verdict } from '../../src/check/verdict.js';

/**
 * Strings that move the cursor of a terminal, end attributes, elements, strings and lines, start commands of
 * a CI runner, or are not valid characters.
 */
export const HOSTILE = [
  '\u001B[2J\u001B]0;title\u0007\u009B31m\rback\b\u0000',
  '</code></pre></script><script>globalThis.hacked = 1</script><img src=x onerror="globalThis.hacked=1">',
  '"\'><svg onload=globalThis.hacked=1> ]]> <!-- --> &amp; &#0; `x`',
  '::error file=a,line=1::injected',
  '##[error]injected %0A::error::injected',
  '\u202Egnp.exe\u2028\u2066\uFEFF\uFFFE\uD800 日本 🦊',
].join('\n');

const found: Finding = {
  message: 'it returned 42, expected 0 to 8',
  stage: null,
  crash: null,
  input: null,
  stderr: '',
};

export const crashed: Finding = {
  message: 'It was ended by SIGSEGV, in: call with an empty input',
  stage: 'call with an empty input',
  crash: {
    signal: 'SIGSEGV',
    code: null,
    address: '0x8',
    meaning: 'NULL plus 8 bytes: a member of a struct that is not there',
    frames: ['call+0x1c (0x116c)', 'main+0x40 (0x1040)'],
  },
  input: { size: 5, sha256: 'ab'.repeat(32), file: 'artifacts/input-abab.bin', role: 'input' },
  stderr: 'about to crash\nnow\n',
};

export function result(id: string, more: Partial<CheckResult> = {}): CheckResult {
  return {
    id,
    title: 'A call comes back with a status of the ABI.',
    group: id.slice(0, id.indexOf('/')),
    level: 'basic',
    severity: 'error',
    state: 'passed',
    reason: null,
    why: 'It is what a plugin is for.',
    fix: 'Return one of the status values of tenon.h.',
    findings: [],
    measures: [],
    ms: 12.34,
    reproduce: {
      command: `npx tenon check x.so --filter ${id} --seed 7`,
      gdb: `gdb --args tenon-checker ${id} x.so`,
    },
    ...more,
  };
}

export function fileOf(results: readonly CheckResult[], more: Partial<FileVerdict> = {}): FileVerdict {
  return {
    path: './build/x.so',
    sha256: 'cd'.repeat(32),
    size: 16_500,
    plugin: { name: 'x', version: '1.2.3', abi: '1.0.0', language: 'c', kinds: ['codec 1.0.0'] },
    outcome: 'findings',
    reason: null,
    results,
    tally: tallyOf(results),
    ms: 150,
    ...more,
  };
}

export function verdictOf(files: readonly FileVerdict[], more: Partial<Verdict> = {}): Verdict {
  return {
    schema: 1,
    suite: '0.1.0',
    abi: '1.0.0',
    date: '2026-11-25T04:00:00.000Z',
    level: 'strict',
    filter: [],
    seed: 7,
    platform: { os: 'linux', arch: 'x64', node: '22.0.0' },
    outcome: 'findings',
    failOn: 'error',
    files,
    tally: addTallies(files.map(({ tally }) => tally)),
    ms: 160,
    ...more,
  };
}

const times = Array.from({ length: 2000 }, (_, i) => 400 + 40 * (i % 37) + (i % 400 === 0 ? 40_000 : 0));
const memory = Array.from({ length: 60 }, (_, i) => [i * 20, 4_200_000 + i * 320 + 900 * (i % 3)] as const);

/** A verdict with every type of result. */
export const full: Verdict = verdictOf([
  fileOf([
    result('file/format', { ms: 0.02 }),
    result('abi/load', { measures: [{ type: 'value', name: 'time of load', unit: 'ms', value: 3.21 }] }),
    result('calls/plain', { measures: [histogram('time of a call', 'ns', times)] }),
    result('calls/empty-input', { state: 'failed', findings: [crashed], level: 'strict' }),
    result('file/debug-info', {
      state: 'failed',
      severity: 'note',
      findings: [{ ...found, message: 'There is none' }],
    }),
    result('file/relro', {
      state: 'failed',
      severity: 'warning',
      findings: [found, { ...found, message: 'and 43' }],
    }),
    result('resources/leak-call', { measures: [series('memory over calls', 'calls', memory)] }),
    result('threads/emit', { state: 'skipped', reason: 'it emits nothing', ms: 0 }),
    result('lifecycle/many', { state: 'incomplete', reason: 'new failed, so there is no instance to call' }),
    result('file/exports', { state: 'excepted', reason: 'kept for old hosts', findings: [found] }),
  ]),
  fileOf([], {
    path: '/usr/lib/libz.so.1',
    plugin: null,
    outcome: 'not-a-plugin',
    reason: 'It exports none of the entry points',
  }),
  fileOf([result('file/format')], {
    path: 'changed.so',
    outcome: 'incomplete',
    reason: 'The file was changed while it was checked',
  }),
]);

const hostileLine = { function: HOSTILE, file: HOSTILE, line: 7, text: HOSTILE };

/** A crash in an inlined function, with the source lines of all frames. */
export const located: Finding = {
  ...crashed,
  crash: {
    signal: 'SIGSEGV',
    code: null,
    address: '0x8',
    meaning: null,
    frames: ['call+0x1c (0x116c)', 'main+0x40 (0x1040)', 'outside of the library (0x7f00)'],
    calls: [
      { frame: 0, function: 'parse', file: 'src/parse.h', line: 12, text: 'return node->next;' },
      { frame: 0, function: 'call', file: 'src/plugin.c', line: 40, text: 'parse(in);' },
      { frame: 1, function: 'main', file: '/build/main.c', line: 3, text: null },
      { frame: 2, function: null, file: null, line: null, text: null },
    ],
  },
  place: { function: 'parse', file: 'src/parse.h', line: 12, text: 'return node->next;' },
};

/** A verdict in which every string is hostile. */
export const hostile: Verdict = verdictOf([
  fileOf(
    [
      result('calls/plain', {
        state: 'failed',
        title: HOSTILE,
        why: HOSTILE,
        fix: HOSTILE,
        findings: [
          {
            message: HOSTILE,
            stage: HOSTILE,
            crash: {
              signal: 'SIGSEGV',
              code: null,
              address: '0x0',
              meaning: HOSTILE,
              frames: [HOSTILE],
              calls: [0, 0].map((frame) => ({ frame, ...hostileLine })),
            },
            place: hostileLine,
            input: { size: 1, sha256: 'ab'.repeat(32), file: HOSTILE, role: 'config' },
            stderr: HOSTILE,
          },
        ],
        measures: [histogram(HOSTILE, 'ns', times), series(HOSTILE, HOSTILE, memory)],
        reproduce: { command: HOSTILE, gdb: HOSTILE },
      }),
      result('abi/name', {
        state: 'incomplete',
        reason: HOSTILE,
        measures: [{ type: 'value', name: HOSTILE, unit: 'count', value: 1 }],
      }),
      result('abi/version', { state: 'skipped', reason: HOSTILE }),
      result('abi/vtable', {
        state: 'excepted',
        reason: HOSTILE,
        findings: [{ ...found, message: HOSTILE }],
      }),
    ],
    {
      path: HOSTILE,
      plugin: { name: HOSTILE, version: HOSTILE, abi: HOSTILE, language: HOSTILE, kinds: [HOSTILE] },
    },
  ),
  fileOf([], { path: HOSTILE, outcome: 'not-a-plugin', reason: HOSTILE, plugin: null }),
]);

export const clean: Verdict = verdictOf(
  [fileOf([result('file/format'), result('calls/plain')], { outcome: 'clean' })],
  {
    outcome: 'clean',
  },
);

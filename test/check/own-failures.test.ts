/** Failures of the checker itself, and of the system below it. None of them may be a finding. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { type CheckerRun, findChecker, runChecker } from '../../src/check/checker.js';
import { conclude } from '../../src/check/conclude.js';
import { type CheckOptions, type CheckResult, check } from '../../src/check/index.js';
import { settingsOf } from '../../src/check/settings.js';
import { openSubject } from '../../src/check/subject.js';
import { compile, extension, pluginFile, root, temporaryFolder } from '../support/index.js';
import { canCheck, tripsDir } from './support.js';

/** Scenarios that together use every part of the checker. */
const SCENARIOS = [
  'abi/unknown-extensions',
  'abi/newer-host',
  'lifecycle/config-bounds',
  'lifecycle/moved-thread',
  'lifecycle/second-copy',
  'lifecycle/exit',
  'calls/plain',
  'calls/reserve-moves',
  'calls/input-bounds',
  'calls/retained-output',
  'threads/concurrent-instances',
  'threads/emit-after-drop',
  'threads/left-after-drop',
  'resources/timers',
  'resources/child-processes',
  'resources/files',
  'resources/umask',
  'resources/executable-memory',
  'resources/standard-output',
  'resources/host-descriptors',
  'resources/host-children',
  'resources/descriptors-per-call',
  'resources/load-time',
  'resources/stack',
  'fuzz/input',
];
/** Each of the first calls of a function fails, and then some of the others. */
const FIRST = 12;
const OTHERS = 5;
const ENTRY = 32;
const NAME = 24;
const TIMEOUT = 60_000;

/** The library that makes a call of the checker fail. It cannot be part of the checker, which is what is tested. */
function failing(folder: string): string {
  const library = join(folder, 'failing.so');
  const source = join(root, 'test/support/failing.c');
  execFileSync('cc', ['-std=c11', '-shared', '-fPIC', '-O1', source, '-o', library]);
  return library;
}

interface Attempt {
  readonly id: string;
  readonly folder: string;
  readonly library: string;
}

const subject = () => openSubject(pluginFile('echo'), settingsOf({ seed: 1 }));

function run({ id, folder, library }: Attempt, env: Record<string, string>): Promise<CheckerRun> {
  const args = [id, pluginFile('echo'), '--seed', '1'];
  if (id.startsWith('fuzz/')) args.push('--budget', '20', '--breadcrumb', join(folder, 'breadcrumb'));
  return runChecker({
    program: findChecker(),
    args,
    timeout: TIMEOUT,
    env: { LD_PRELOAD: library, TMPDIR: folder, ...env },
  });
}

/** Returns the number of calls of each function. */
async function countCalls(attempt: Attempt): Promise<readonly (readonly [string, number])[]> {
  const file = join(attempt.folder, 'counts');
  rmSync(file, { force: true });
  await run(attempt, { TENON_FAIL_COUNTS: file });
  const bytes = existsSync(file) ? readFileSync(file) : Buffer.alloc(0);
  return Array.from({ length: bytes.length / ENTRY }, (_, i) => {
    const [name = ''] = bytes.toString('latin1', i * ENTRY, i * ENTRY + NAME).split('\0');
    return [name, Number(bytes.readBigUInt64LE(i * ENTRY + NAME))] as const;
  });
}

function numbersOf(count: number): readonly number[] {
  const first = Array.from({ length: Math.min(count, FIRST) }, (_, i) => i + 1);
  const step = Math.max(1, Math.floor((count - FIRST) / OTHERS));
  const others = Array.from({ length: OTHERS }, (_, i) => count - i * step);
  return [...first, ...others.filter((number) => number > FIRST)];
}

/** A hex dump: three results of one byte for each byte of its input. */
const HEX_DUMP = `#include "tenon.h"
static tenon_status dump(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  static const char digits[] = "0123456789abcdef";
  (void)state;
  for (size_t i = 0; i < in_len; i++) {
    const char text[3] = {digits[in[i] >> 4], digits[in[i] & 15], ' '};
    for (int k = 0; k < 3; k++) {
      tenon_status status = tenon_write(out, &text[k], 1);
      if (status != TENON_OK) return status;
    }
  }
  return TENON_OK;
}
TENON_STATELESS_PLUGIN("hex-dump", "1.0.0", dump);
`;

/** Throws through the boundary of the plugin, which the macros of tenon.h would prevent in C++. */
const THROWING = `extern "C" int call(void *, const unsigned char *, unsigned long, void *);
#include <new>
int call(void *, const unsigned char *, unsigned long, void *) { throw std::bad_alloc(); }
`;
const THROWN = `#include "tenon.h"
extern tenon_status call(void *state, const uint8_t *in, size_t in_len, tenon_out *out);
TENON_STATELESS_PLUGIN("thrown", "1.0.0", call);
`;

async function failuresOf(file: string, options: CheckOptions): Promise<readonly CheckResult[]> {
  const { files } = await check([file], { seed: 1, ...options });
  return (files[0]?.results ?? []).filter(({ state }) => state === 'failed' || state === 'incomplete');
}

describe.skipIf(!canCheck)('the checker', () => {
  test('needs few mappings for a plugin that writes each byte separately', async () => {
    const file = compile(temporaryFolder(), 'hex-dump', HEX_DUMP, ['-Wl,-z,relro,-z,now']);
    expect(await failuresOf(file, { level: 'torture' })).toEqual([]);
  });

  test('takes an exception of the plugin for a crash, even if it is of the type of its own', async () => {
    const folder = temporaryFolder();
    const source = join(folder, 'throwing.cc');
    writeFileSync(source, THROWING);
    execFileSync('c++', ['-c', '-fPIC', source, '-o', join(folder, 'throwing.o')]);
    const file = compile(folder, 'thrown', THROWN, [join(folder, 'throwing.o'), '-lstdc++']);
    const [result] = await failuresOf(file, { filter: ['calls/plain'] });
    expect(result).toMatchObject({ id: 'calls/plain', state: 'failed' });
    expect(result?.findings[0]?.crash?.signal).toBe('SIGABRT');
  });

  test('is incomplete if the system has no folder for its temporary files', async () => {
    vi.stubEnv('TMPDIR', join(temporaryFolder(), 'absent'));
    onTestFinished(() => void vi.unstubAllEnvs());
    const results = await failuresOf(pluginFile('echo'), { filter: ['calls/plain'] });
    expect(new Set(results.map(({ state }) => state))).toEqual(new Set(['incomplete']));
    expect(results[0]?.reason).toContain('Cannot create a folder in');
  });

  test('is incomplete if a process ends before it has run anything of the plugin', async () => {
    vi.stubEnv('TENON_CHECKER', '/bin/false');
    onTestFinished(() => void vi.unstubAllEnvs());
    const results = await failuresOf(pluginFile('echo'), { filter: ['calls/plain'] });
    expect(results[0]).toMatchObject({
      state: 'incomplete',
      reason: 'its process ended with exit code 1 before its first report',
    });
  });

  test('reports a finding even if its input cannot be kept', async () => {
    const artifacts = join(temporaryFolder(), 'file');
    writeFileSync(artifacts, 'not a folder');
    const file = join(tripsDir, `calls-message-text${extension}`);
    const [result] = await failuresOf(file, { filter: ['calls/message-text'], artifacts });
    expect(result).toMatchObject({ state: 'failed', findings: [{ input: { file: null } }] });
    expect(result?.findings[0]?.message).toContain(`could not be written to ${artifacts}`);
  });

  test.each(SCENARIOS)(
    'is incomplete in %s for each call of its own that fails',
    async (id) => {
      const folder = temporaryFolder();
      const attempt = { id, folder, library: failing(folder) };
      const blamed: unknown[] = [];
      let incomplete = 0;
      for (const [name, count] of await countCalls(attempt)) {
        for (const number of numbersOf(count)) {
          const ended = await run(attempt, { TENON_FAIL: `${name}:${number}` });
          const answer = conclude(ended, {}, subject(), TIMEOUT);
          if (answer.state === 'failed') blamed.push([name, number, answer.findings[0]?.message]);
          if (answer.state === 'incomplete') incomplete += 1;
        }
      }
      expect(blamed).toEqual([]);
      expect(incomplete).toBeGreaterThan(FIRST);
    },
    300_000,
  );
});

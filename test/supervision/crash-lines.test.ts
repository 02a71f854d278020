/** Files and lines in the reports of real crashes. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type CrashReport, PluginHost, type TenonError } from '../../src/index.js';
import { compile, root, temporaryFolder, withRunner } from '../support/index.js';

const LINES = [
  '#include "tenon.h"',
  'static inline __attribute__((always_inline)) void store(volatile int *to, int value) {',
  '  *to = value;',
  '}',
  'static __attribute__((noinline)) void crash(volatile int *to) {',
  '  store(to, 7);',
  '  *to = 8;',
  '}',
  'static tenon_status work(void *state, const uint8_t *in, size_t n, tenon_out *out) {',
  '  (void)state, (void)in;',
  '  if (n > 0) crash((volatile int *)(16 * n));',
  '  return tenon_write(out, "ok", 2);',
  '}',
  'TENON_STATELESS_PLUGIN("liner", "1.0.0", work);',
];
const FLAGS = ['-g', '-O2', '-fno-omit-frame-pointer', '-Wl,--build-id'];

/** Returns the report of a crash in a call of the plugin. */
async function crashOf(file: string): Promise<{ report: CrashReport; message: string }> {
  await using host = new PluginHost();
  const plugin = await host.load(file, { isolation: 'process', restart: false });
  const error = await (await plugin.new()).call(Buffer.from('1')).catch((reason: unknown) => reason);
  const { report, message } = error as TenonError;
  return { report: report as CrashReport, message };
}

describe.runIf(withRunner && process.platform === 'linux')(
  'a crash in a plugin with debug information',
  () => {
    test('has file, line and inlined functions', async () => {
      const folder = temporaryFolder();
      const file = compile(folder, 'liner', LINES.join('\n'), FLAGS);
      const source = join(folder, 'liner.c');
      const { report, message } = await crashOf(file);
      const [frame, caller] = report.fault?.frames ?? [];
      expect(frame).toMatchObject({ function: 'crash', file: source, line: 3 });
      expect(frame?.inlined).toEqual([{ function: 'store', file: source, line: 6 }]);
      expect(caller).toMatchObject({ function: 'work', file: source, line: 11, inlined: [] });
      expect(message).toMatch(/at store, inlined into crash\+0x\w+ \(0x\w+\), \S+liner\.c:3, address 0x10/);
      const lines = String(report).split('\n');
      const at = lines.findIndex((line) => line.includes('#0:'));
      expect(lines[at]).toBe(`  #0:         store at ${source}:3, inlined into`);
      expect(lines[at + 1]).toMatch(/^ {14}crash\+0x\w+ \(0x\w+\) in liner\.so at \S+liner\.c:6$/);
      expect(lines[at + 2]).toMatch(/^ {2}#1: {9}work\+0x\w+ \(0x\w+\) in liner\.so at \S+liner\.c:11$/);
      const json = JSON.parse(JSON.stringify(report)) as { fault: { frames: object[] } };
      expect(json.fault.frames[0]).toMatchObject({
        file: source,
        line: 3,
        inlined: [{ function: 'store', line: 6 }],
      });
    });

    test('that is split is found next to the file, not next to the private copy', async () => {
      const folder = temporaryFolder();
      const file = compile(folder, 'liner', LINES.join('\n'), FLAGS);
      const debug = join(folder, '.debug', 'liner.so.debug');
      mkdirSync(join(folder, '.debug'));
      execFileSync('objcopy', ['--only-keep-debug', file, debug]);
      execFileSync('objcopy', ['--strip-all', `--add-gnu-debuglink=${debug}`, file]);
      const { report } = await crashOf(file);
      expect(report.fault?.frames[0]).toMatchObject({
        function: 'crash',
        line: 3,
        functionOffset: expect.any(Number),
      });
      rmSync(debug);
      const { report: bare } = await crashOf(file);
      expect(bare.fault?.frames[0]).toMatchObject({ function: null, file: null, line: null, inlined: [] });
      expect(bare.fault?.frames[0]?.offset).toBe(report.fault?.frames[0]?.offset);
    });

    test('has the lines of the file that ran, even after a rebuild', async () => {
      const folder = temporaryFolder();
      const file = compile(folder, 'liner', LINES.join('\n'), FLAGS);
      await using host = new PluginHost();
      const plugin = await host.load(file, { isolation: 'process', restart: false });
      const instance = await plugin.new();
      compile(folder, 'liner', ['', '', ...LINES].join('\n'), FLAGS);
      const error = await instance.call(Buffer.from('1')).catch((reason: unknown) => reason);
      expect(((error as TenonError).report as CrashReport).fault?.frames[0]).toMatchObject({ line: 3 });
    });

    test('has demangled names in C++', async () => {
      const folder = temporaryFolder();
      const file = join(folder, 'shapes.so');
      const source = `#include "tenon.h"
namespace shapes { template <typename T> struct Box { __attribute__((noinline)) void fill(T *to) { *const_cast<volatile T *>(to) = T(); } }; }
static tenon_status work(void *, const uint8_t *, size_t n, tenon_out *out) {
  if (n > 0) shapes::Box<int>().fill(nullptr);
  return tenon_write(out, "ok", 2);
}
TENON_STATELESS_PLUGIN("shapes", "1.0.0", work);
`;
      execFileSync(
        'c++',
        [
          '-xc++',
          '-',
          '-std=c++17',
          '-shared',
          '-fPIC',
          '-g',
          '-O1',
          `-I${join(root, 'include')}`,
          '-o',
          file,
        ],
        { input: source },
      );
      const { report } = await crashOf(file);
      expect(report.fault?.frames[0]).toMatchObject({ function: 'shapes::Box<int>::fill', line: 2 });
    });
  },
);

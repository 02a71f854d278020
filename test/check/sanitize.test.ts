/** The checks of the group `sanitize`: behaviour that the matrix does not cover. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type CheckOptions, check, type FileVerdict, type Sanitizer } from '../../src/check/index.js';
import { reportsIn } from '../../src/check/sanitize/reports.js';
import { buildDir, compile, extension, pluginFile, temporaryFolder } from '../support/index.js';
import { tripsDir } from './support.js';

const trip = (name: string) => join(tripsDir, `sanitize-${name}${extension}`);
const SANITIZERS: readonly Sanitizer[] = ['address', 'undefined', 'thread'];
const hasCheckers = existsSync(join(buildDir, 'Release', 'tenon-checker-address'));

async function sanitized(
  path: string,
  sanitize: Sanitizer,
  options: CheckOptions = {},
): Promise<FileVerdict> {
  const { files } = await check([path], { sanitize, seed: 1, ...options });
  const [file] = files;
  if (file === undefined) throw new Error('there is no verdict');
  return file;
}

const HEAD = [
  '#include <stdlib.h>',
  '#include "tenon.h"',
  'static tenon_status call(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {',
];
const plugin = (lines: readonly string[]) =>
  [...HEAD, ...lines, '}', 'TENON_STATELESS_PLUGIN("sanitized", "1.0.0", call);', ''].join('\n');
const OVERREAD = plugin([
  '  if (state == in || ((volatile const uint8_t *)in)[in_len] == 99) return TENON_FAILED; /* in[in_len] */',
  '  return tenon_write(out, in, in_len);',
]);
const OVERREAD_OF_Z = plugin([
  "  if (state == in || in_len == 0 || in[0] != 'Z') return tenon_write(out, in, in_len);",
  '  return ((volatile const uint8_t *)in)[in_len] == 99 ? TENON_FAILED : TENON_OK;',
]);
const LEAK_OF_FAILURES = plugin([
  '  static void *volatile lost;',
  '  if (state == in || (in_len > 0 && in[0] == 84)) return tenon_write(out, in, in_len);',
  '  lost = malloc(100);',
  '  lost = NULL;',
  '  return tenon_fail(out, TENON_INVALID, "no T");',
]);

/** Compiles a plugin with AddressSanitizer. */
const built = (name: string, source: string) =>
  compile(temporaryFolder(), name, source, ['-g', '-O1', '-fno-omit-frame-pointer', '-fsanitize=address']);

const problems = ({ results }: FileVerdict) =>
  results
    .filter(({ state }) => state !== 'passed' && state !== 'skipped')
    .map(({ id, state, reason, findings }) => [id, state, reason ?? findings[0]?.message]);

describe.skipIf(!hasCheckers)('with a sanitizer', () => {
  test.each(SANITIZERS)(
    '%s: a valid plugin that was built with it passes, and other groups are not checked',
    async (sanitizer) => {
      const verdict = await sanitized(trip(`sound-${sanitizer}`), sanitizer, { level: 'torture' });
      expect(problems(verdict)).toEqual([]);
      expect(verdict.outcome).toBe('clean');
      expect(verdict.results.map(({ group }) => group)).toEqual(['file', 'file', 'file', 'sanitize']);
    },
  );

  test('a valid plugin with a kind passes', async () => {
    const verdict = await sanitized(trip('sound-kind'), 'address', { level: 'torture' });
    expect(problems(verdict)).toEqual([]);
  });

  test('a plugin that was not built with it is incomplete', async () => {
    const verdict = await sanitized(pluginFile('echo'), 'address');
    expect(problems(verdict)).toEqual([
      ['sanitize/address', 'incomplete', 'the library was not built with -fsanitize=address'],
    ]);
    expect(verdict.outcome).toBe('incomplete');
  });

  test('the finding contains the whole report, and the command contains the sanitizer', async () => {
    const { results } = await sanitized(trip('address'), 'address');
    const result = results.find(({ id }) => id === 'sanitize/address');
    expect(result?.findings[0]?.report).toMatch(/ERROR: AddressSanitizer: [\s\S]*allocated by thread/);
    expect(result?.findings[0]?.place).toMatchObject({
      file: expect.stringMatching(/plugins-c\/check\/sanitize\.c$/),
      line: expect.any(Number),
      text: expect.any(String),
    });
    expect(result?.reproduce.command).toContain('--sanitize address');
    expect(result?.reproduce.gdb).toContain('tenon-checker-address');
  });

  test('a library that was built with it is recognised without the option, which the reason names', async () => {
    const { files } = await check([trip('sound-address')], { level: 'basic', seed: 1 });
    const load = files[0]?.results.find(({ id }) => id === 'abi/load');
    expect(load).toMatchObject({
      state: 'incomplete',
      reason: expect.stringMatching(/built with -fsanitize=address, .*Add --sanitize address/),
    });
    expect(files[0]?.outcome).toBe('incomplete');
    const other = await sanitized(trip('sound-thread'), 'address');
    expect(problems(other)[0]?.[2]).toMatch(/but with -fsanitize=thread: use --sanitize thread/);
  });

  test('memory of the checker has exactly the size that the plugin is given, in all scenarios', async () => {
    const verdict = await sanitized(built('behind', OVERREAD), 'address');
    const [found] = verdict.results.find(({ id }) => id === 'sanitize/address')?.findings ?? [];
    expect(found?.message).toMatch(/^AddressSanitizer: heap-buffer-overflow in call \(behind\.c:4/);
    expect(found?.report).toMatch(/0 bytes (?:to the right of|after) \d+-byte region/);
    expect(found?.place).toMatchObject({ line: 4, text: expect.stringContaining('in[in_len]') });
  });

  test('memory that only a failing call leaks is found', async () => {
    const verdict = await sanitized(built('failing', LEAK_OF_FAILURES), 'address');
    expect(problems(verdict)).toEqual([
      [
        'sanitize/address',
        'failed',
        expect.stringMatching(/LeakSanitizer: direct leak .* in call \(failing\.c:6/),
      ],
    ]);
  });

  test('the finding for a generated input is the report, and the input is minimised', async () => {
    const options = { fuzz: { budget: 120_000 }, filter: ['fuzz/input'] };
    const verdict = await sanitized(built('behind', OVERREAD_OF_Z), 'address', options);
    const [found] = verdict.results.find(({ id }) => id === 'fuzz/input')?.findings ?? [];
    expect(found?.message).toMatch(
      /^AddressSanitizer: heap-buffer-overflow in call .*a call with 1 bytes: "Z"/,
    );
    expect(found?.report).toMatch(/^=*\d*=*ERROR: AddressSanitizer/);
    expect(found?.place).toMatchObject({ line: 5 });
    expect(found?.crash).toBeNull();
  });

  test('generated inputs run with the sanitizer', async () => {
    const options = { fuzz: { budget: 300 }, filter: ['fuzz/input'] };
    const verdict = await sanitized(trip('sound-address'), 'address', options);
    expect(problems(verdict)).toEqual([]);
    expect(verdict.results.find(({ id }) => id === 'fuzz/input')?.state).toBe('passed');
  });
});

describe('reports', () => {
  test('of several sanitizers are found among other lines', () => {
    const text = [
      '==7==ERROR: AddressSanitizer: heap-use-after-free on address 0x602 at pc 0x7f bp 0x1 sp 0x2',
      'READ of size 4 at 0x602 thread T0',
      '    #0 0x7f11 in __interceptor_memcpy ../../libsanitizer/asan/asan_interceptors.cpp:827',
      '    #1 0x7f12 in parse(std::vector<int, std::allocator<int> >&, int) /home/me/my.cc:12',
      '    #2 0x7f13 in main (/usr/bin/tenon-checker-address+0x1139)',
      '',
      'WARNING: ThreadSanitizer: data race (pid=77)',
      '  Write of size 4 at 0x7f by thread T2:',
      '    #0 count /home/me/a.c:3 (a.so+0x1139)',
      '',
      '/home/me/b.c:4:9: runtime error: signed integer overflow: 2147483647 + 1 cannot be represented',
      '    #0 0x7f14 in add /home/me/b.c:4',
      '/home/me/c.c:5:6: runtime error: load of null pointer',
    ].join('\n');
    expect(reportsIn(text).map(({ what, where }) => [what, where])).toEqual([
      [
        'AddressSanitizer: heap-use-after-free',
        'parse(std::vector<int, std::allocator<int> >&, int) (my.cc:12)',
      ],
      ['ThreadSanitizer: data race', 'count (a.c:3)'],
      [
        'UndefinedBehaviorSanitizer: signed integer overflow: 2147483647 + 1 cannot be represented',
        'add (b.c:4)',
      ],
      ['UndefinedBehaviorSanitizer: load of null pointer', 'c.c:5:6'],
    ]);
  });

  test('without symbols have the library and offset', () => {
    const text =
      '==7==ERROR: AddressSanitizer: SEGV on unknown address 0x0\n    #0 0x7f (/home/me/a.so+0x1139)';
    expect(reportsIn(text)).toMatchObject([{ what: 'AddressSanitizer: SEGV', where: 'a.so+0x1139' }]);
  });

  test('are listed once if they are identical', () => {
    const one = 'WARNING: ThreadSanitizer: data race (pid=7)\n    #0 count /a.c:3 (a.so+0x1)\n';
    expect(reportsIn(one + one)).toHaveLength(1);
  });

  test('are not found in the output of a plugin', () => {
    expect(reportsIn('#0 hello\nan ERROR: of mine\n')).toEqual([]);
  });
});

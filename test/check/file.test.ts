/**
 * The checks of the group `file`: findings that the table does not cover, and faults that they must not
 * report.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type CheckOptions, type CheckResult, check } from '../../src/check/index.js';
import { isAllowed } from '../../src/check/system-libraries.js';
import { loaderCache, parseCache } from '../../src/library/loader-cache.js';
import { findNeeded } from '../../src/library/search.js';
import { expandFolder } from '../../src/library/search-folders.js';
import { SAMPLE, Workshop } from '../inspect/compilers.js';
import { compile, folderWith, pluginFile, root, temporaryFolder } from '../support/index.js';
import { canCheck, tripsDir } from './support.js';

const workshop = new Workshop();

/** Runs the checks of the group `file` and returns their results by id. */
async function fileChecks(path: string, options: CheckOptions = {}): Promise<Map<string, CheckResult>> {
  const { files } = await check([path], { filter: ['file/*'], seed: 1, ...options });
  return new Map(files[0]?.results.map((result) => [result.id, result]));
}

const sentences = (result: CheckResult | undefined) => result?.findings.map(({ message }) => message);

const STATELESS = `#include "tenon.h"
static tenon_status call(void *state, const uint8_t *in, size_t n, tenon_out *out) {
  (void)state;
  return tenon_write(out, in, n);
}
TENON_STATELESS_PLUGIN("made", "1.0.0", call);
`;

describe.skipIf(!canCheck)('files for another platform', () => {
  test.each(['linux-arm64', 'mingw-x64', 'macos-arm64'] as const)(
    '%s: there is one finding, and the other checks are skipped',
    async (target) => {
      const results = await fileChecks(workshop.build(target, SAMPLE));
      expect(results.get('file/platform')?.state).toBe('failed');
      const failed = [...results.values()].filter(({ state }) => state === 'failed').map(({ id }) => id);
      expect(failed).toEqual(['file/platform']);
      expect(results.get('file/stack')?.reason).toContain('file/platform');
    },
  );

  test('a damaged library fails the check of its format, and has no other result', async () => {
    const file = join(temporaryFolder(), 'short.so');
    cpSync(pluginFile('echo'), file);
    truncateSync(file, 4000);
    const results = await fileChecks(file);
    expect([...results.keys()]).toEqual(['file/format']);
    expect(sentences(results.get('file/format'))?.[0]).toContain('truncated');
  });
});

describe.skipIf(!canCheck)('options of the linker', () => {
  const made = (flags: string[], source = STATELESS) => compile(temporaryFolder(), 'made', source, flags);

  test('an executable stack and writable relocations are findings', async () => {
    const results = await fileChecks(made(['-Wl,-z,norelro', '-Xlinker', '-z', '-Xlinker', 'execstack']));
    expect(sentences(results.get('file/stack'))).toEqual(['It asks for an executable stack']);
    expect(sentences(results.get('file/relro'))).toEqual([
      'The tables stay writable: it was linked without -z relro',
    ]);
  });

  test('additional exports are listed, up to eight of them', async () => {
    const more = Array.from(
      { length: 12 },
      (_, i) => `TENON_EXPORT int helper_${i}; int helper_${i} = ${i};\n`,
    );
    const results = await fileChecks(made([], STATELESS + more.join('')));
    expect(sentences(results.get('file/exports'))?.[0]).toMatch(/^It also exports helper_0, .* and 4 more$/);
  });

  test('the constructors of a stripped library are not checked, because they have no names', async () => {
    const source = `${STATELESS}static volatile int ready;
__attribute__((constructor)) static void set_up(void) { ready = 1; }\n`;
    expect(sentences((await fileChecks(made([], source))).get('file/constructors'))).toEqual([
      'set_up runs when it is loaded',
    ]);
    const results = await fileChecks(made(['-s'], source));
    expect(results.get('file/constructors')).toMatchObject({
      state: 'skipped',
      reason: expect.stringContaining('stripped'),
    });
  });

  test('a folder of a RUNPATH must be relative to the plugin and not writable by every user', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'lib'));
    const flags = ['-Wl,-rpath,$ORIGIN/lib:$ORIGIN:lib:/opt/lib::'];
    const file = compile(folder, 'made', STATELESS, flags);
    expect(sentences((await fileChecks(file)).get('file/runpath'))).toEqual([
      "Its RUNPATH has 'lib', which is relative to the current folder of the host",
      "Its RUNPATH has '/opt/lib', a folder of the machine that it was built on",
      "Its RUNPATH has '', the current folder of the host",
      "Its RUNPATH has '', the current folder of the host",
    ]);
    chmodSync(join(folder, 'lib'), 0o777);
    expect(sentences((await fileChecks(file)).get('file/runpath'))?.[0]).toBe(
      "Its RUNPATH has '$ORIGIN/lib', to which any user may write",
    );
  });
});

test.skipIf(!canCheck)(
  'a folder that any user can write to is a finding unless it has the sticky bit',
  async () => {
    const file = join(folderWith(pluginFile('echo')), 'echo.so');
    const folder = join(file, '..');
    chmodSync(folder, 0o777);
    expect(sentences((await fileChecks(file)).get('file/permissions'))?.[0]).toContain('in its place');
    chmodSync(folder, 0o1777);
    expect((await fileChecks(file)).get('file/permissions')?.state).toBe('passed');
  },
);

describe.skipIf(!canCheck)('needed libraries', () => {
  test('a library that is allowed by name is not a finding', async () => {
    const file = join(tripsDir, 'file-needed.so');
    expect((await fileChecks(file)).get('file/needed')?.state).toBe('failed');
    const allowed = await fileChecks(file, { allowNeeded: ['libBroken*'] });
    expect(allowed.get('file/needed')?.state).toBe('passed');
  });

  test('the runtime library of a sanitizer is a finding unless the option sanitize is set', async () => {
    const file = compile(temporaryFolder(), 'made', STATELESS, ['-fsanitize=undefined']);
    expect(sentences((await fileChecks(file)).get('file/needed'))?.[0]).toContain('needs libubsan.so');
    const declared = await fileChecks(file, { sanitize: 'undefined' });
    expect(declared.get('file/needed')?.state).toBe('passed');
  });

  test('a library in the folder of the plugin is found there', () => {
    const found = findNeeded(join(tripsDir, 'file-versions.so'));
    expect(found.find(({ name }) => name === 'libtenon-trip-lender.so')).toMatchObject({ beside: true });
    expect(found.find(({ name }) => name === 'libc.so.6')?.path).toMatch(/\/libc\.so\.6$/);
  });

  test('LD_LIBRARY_PATH is searched for libraries of the same processor', () => {
    const plugin = join(tripsDir, 'file-libraries.so');
    const folder = temporaryFolder();
    const lender = join(folder, 'libtenon-trip-gone.so');
    const around = { cache: loaderCache(process.arch), path: [folder] };
    const place = () => findNeeded(plugin, around).find(({ name }) => name === 'libtenon-trip-gone.so')?.path;
    expect(place()).toBeNull();
    cpSync(workshop.build('linux-arm64', SAMPLE), lender);
    expect(place()).toBe(process.arch === 'arm64' ? lender : null);
    cpSync(pluginFile('echo'), lender);
    expect(place()).toBe(lender);
  });

  test('a plugin passes if the given glibc is new enough', async () => {
    const file = join(tripsDir, 'file-glibc.so');
    expect((await fileChecks(file, { glibc: '2.25' })).get('file/glibc')?.state).toBe('passed');
    expect((await fileChecks(file, { glibc: '2.9' })).get('file/glibc')?.state).toBe('failed');
    const unasked = (await fileChecks(file, { level: 'strict' })).get('file/glibc');
    expect(unasked).toMatchObject({ state: 'skipped', reason: expect.stringContaining('it needs 2.25') });
  });

  test.each([
    ['libc.so.6', 'elf', true],
    ['ld-linux-x86-64.so.2', 'elf', true],
    ['libstdc++.so.6', 'elf', true],
    ['libcrypto.so.3', 'elf', false],
    ['libcustom.so', 'elf', false],
    ['KERNEL32.dll', 'pe', true],
    ['libstdc++-6.dll', 'pe', false],
    ['/usr/lib/libSystem.B.dylib', 'macho', true],
    ['@rpath/libfoo.dylib', 'macho', false],
  ] as const)('%s (%s) is part of the system: %s', (name, format, allowed) => {
    expect(isAllowed(name, format, [])).toBe(allowed);
  });

  test('a name with * is a pattern, and its other characters are literal', () => {
    expect(isAllowed('libssl.so.3', 'elf', ['libssl.so.*'])).toBe(true);
    expect(isAllowed('libsslXso.3', 'elf', ['libssl.so.*'])).toBe(false);
    expect(isAllowed('my-libssl.so.3', 'elf', ['libssl.so.*'])).toBe(false);
  });
});

test('folders of a RUNPATH are expanded like in the loader', () => {
  expect(expandFolder('$ORIGIN/../lib', '/plugins', 'x64')).toEqual(['/plugins/../lib']);
  expect(expandFolder(`$${'{ORIGIN}'}`, '/plugins', 'x64')).toEqual(['/plugins']);
  expect(expandFolder('/opt/$LIB', '/plugins', 'x64')).toContain('/opt/lib/x86_64-linux-gnu');
  expect(expandFolder('/opt/$PLATFORM', '/plugins', 'arm64')).toEqual(['/opt/aarch64']);
});

describe('the cache of the loader', () => {
  /** Returns a cache in the format of ldconfig. */
  function cacheOf(entries: readonly (readonly [name: string, path: string, flags: number])[]): Buffer {
    const header = Buffer.alloc(48);
    header.write('glibc-ld.so.cache1.1');
    header.writeUInt32LE(entries.length, 20);
    const table = Buffer.alloc(entries.length * 24);
    let strings = Buffer.alloc(0);
    const start = header.length + table.length;
    entries.forEach(([name, path, flags], index) => {
      table.writeUInt32LE(flags, index * 24);
      table.writeUInt32LE(start + strings.length, index * 24 + 4);
      strings = Buffer.concat([strings, Buffer.from(`${name}\0`)]);
      table.writeUInt32LE(start + strings.length, index * 24 + 8);
      strings = Buffer.concat([strings, Buffer.from(`${path}\0`)]);
    });
    return Buffer.concat([header, table, strings]);
  }

  const bytes = cacheOf([
    ['libz.so.1', '/lib/libz.so.1', 0x303],
    ['libz.so.1', '/lib32/libz.so.1', 0x3],
    ['libz.so.1', '/lib/old/libz.so.1', 0x303],
  ]);

  test('has the paths of each name for one processor, in order', () => {
    expect(parseCache(bytes, 'x64')?.get('libz.so.1')).toEqual(['/lib/libz.so.1', '/lib/old/libz.so.1']);
    expect(parseCache(bytes, 'ia32')?.get('libz.so.1')).toEqual(['/lib32/libz.so.1']);
  });

  test('may follow a cache in the old format', () => {
    const old = Buffer.concat([Buffer.from('ld.so-1.7.0\0\0\0\0\0'), bytes]);
    expect(parseCache(old, 'x64')?.get('libz.so.1')).toHaveLength(2);
  });

  test('is null if it is malformed', () => {
    expect(parseCache(Buffer.from('something else'), 'x64')).toBeNull();
    expect(parseCache(bytes.subarray(0, 60), 'x64')).toBeNull();
    const wild = Buffer.from(bytes);
    wild.writeUInt32LE(0xffffffff, 48 + 4);
    expect(parseCache(wild, 'x64')).toBeNull();
  });

  test.skipIf(!canCheck)('of this system contains the C library', () => {
    expect(loaderCache(process.arch)?.get('libc.so.6')?.[0]).toMatch(/libc\.so\.6$/);
  });
});

test.skipIf(!canCheck)('entry points with mangled C++ names are a finding that says so', async () => {
  const folder = temporaryFolder();
  const mangled = ['get_version', 'get_name', 'get_plugin']
    .map(
      (name) => `__attribute__((visibility("default"))) void *_Z${name.length}${name}v(void) { return 0; }\n`,
    )
    .join('');
  const results = await fileChecks(compile(folder, 'mangled', mangled));
  expect(sentences(results.get('file/entry-points'))?.[0]).toContain('a C++ name');
});

test.skipIf(!canCheck)(
  'a constructor of <iostream> is not a finding, a constructor of a global object is',
  async () => {
    const folder = temporaryFolder();
    const build = (name: string, more: string) => {
      const source = join(folder, `${name}.cc`);
      const output = join(folder, `${name}.so`);
      writeFileSync(source, `${more}\n${STATELESS}`);
      const flags = ['-std=c++17', '-shared', '-fPIC', '-fvisibility=hidden', `-I${join(root, 'include')}`];
      execFileSync('c++', [...flags, source, '-o', output]);
      return output;
    };
    const stream = await fileChecks(
      build('stream', '#include <iostream>\n#include <string>\n#include <vector>'),
    );
    expect(stream.get('file/constructors')?.state).toBe('passed');
    const own = await fileChecks(
      build(
        'own',
        '#include <string>\nstatic std::string *word = new std::string("word");\nvoid *use() { return word; }',
      ),
    );
    expect(sentences(own.get('file/constructors'))?.[0]).toContain('runs when it is loaded');
    expect(sentences(own.get('file/exports'))).toEqual([]);
  },
);

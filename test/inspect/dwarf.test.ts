/** Files and lines of addresses, from all kinds of debug information. */
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { plainName } from '../../src/inspect/demangle/index.js';
import { type SourcePlace, sourcePlacesIn } from '../../src/inspect/dwarf/index.js';
import { faultFile, pluginFile } from '../support/index.js';
import { needs } from '../support/tools.js';
import { hasProgram } from './programs.js';

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'tenon-dwarf-')));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Each `mark_…` is an instruction of its own line. */
const HEADER = `#pragma once
#define MARK(name) __asm__ volatile(".globl mark_" #name "\\nmark_" #name ": nop")
static inline int innermost(int x) {
  MARK(innermost);
  return x * 3;
}
`;
const SOURCE = `#include "inner/header.h"
namespace shapes {
template <typename T> struct Box {
  __attribute__((noinline)) T area(T x) const {
    MARK(area);
    return x + 1;
  }
};
static inline __attribute__((always_inline)) int middle(int x) {
  return innermost(x) + 1;
}
}
extern "C" __attribute__((visibility("default"))) int entry(int n) {
  int sum = shapes::Box<int>().area(n);
  sum += shapes::middle(n);
  MARK(entry);
  return sum;
}
`;
const PLAIN = `#include "inner/header.h"
__attribute__((visibility("default"))) int entry(int n) {
  MARK(entry);
  return n;
}
`;

mkdirSync(join(folder, 'inner'));
writeFileSync(join(folder, 'inner', 'header.h'), HEADER);
writeFileSync(join(folder, 'source.cc'), SOURCE);
writeFileSync(join(folder, 'plain.c'), PLAIN);

const run = (program: string, ...args: string[]): string =>
  execFileSync(program, args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

function build(name: string, compiler: string, flags: readonly string[], source = 'source.cc'): string {
  const output = join(folder, `${name}.so`);
  run(compiler, '-shared', '-fPIC', ...flags, source, '-o', output);
  return output;
}

/** The address of a symbol in a file. */
function addressOf(file: string, name: string): number {
  const line = run('nm', file)
    .split('\n')
    .find((one) => one.endsWith(` ${name}`));
  return Number.parseInt(line?.split(' ')[0] ?? '', 16);
}

/** The places of marks. `marked` is the library with symbols, if `file` is stripped. */
function placesAt(
  file: string,
  names: readonly string[],
  marked = file,
  folders: string[] = [],
): (SourcePlace | null)[] {
  return sourcePlacesIn(
    file,
    names.map((name) => addressOf(marked, `mark_${name}`)),
    folders,
  );
}

const COMPILERS = ['g++', 'clang++'].filter(hasProgram);
const FLAVOURS: readonly (readonly [
  name: string,
  flags: readonly string[],
  compilers?: readonly string[],
])[] = [
  ['DWARF 5', ['-gdwarf-5', '-O2']],
  ['DWARF 4', ['-gdwarf-4', '-O2']],
  ['DWARF 3', ['-gdwarf-3', '-O2']],
  ['DWARF 2', ['-gdwarf-2', '-gstrict-dwarf', '-O1']],
  ['nothing optimized', ['-g', '-O0']],
  ['compressed sections', ['-g', '-O2', '-gz']],
  ['compressed sections as GNU named them', ['-g', '-O2', '-gz=zlib-gnu'], ['g++']],
  ['offsets of 8 bytes', ['-g', '-O2', '-gdwarf64'], ['g++']],
  ['types in units of their own', ['-g', '-O2', '-fdebug-types-section']],
  ['an index of addresses', ['-g', '-O2', '-gdwarf-aranges'], ['clang++']],
  ['a section for each function', ['-g', '-O2', '-ffunction-sections', '-Wl,--gc-sections']],
  ['link-time optimization', ['-g', '-O2', '-flto'], ['g++']],
];
const cases = COMPILERS.flatMap((compiler) =>
  FLAVOURS.filter(([, , only]) => only === undefined || only.includes(compiler)).map(
    ([name, flags]) => [compiler, name, flags] as const,
  ),
);

describe.each(cases)('%s, %s', (compiler, name, flags) => {
  const file = build(`${compiler}-${name.replaceAll(/\W/g, '-')}`, compiler, flags);
  const [inner, area, entry] = placesAt(file, ['innermost', 'area', 'entry']);

  test('has the file and the line of an instruction', () => {
    expect(entry).toMatchObject({ file: join(folder, 'source.cc'), line: 16, inlined: [] });
    expect(area).toMatchObject({ file: join(folder, 'source.cc'), line: 5, inlined: [] });
    expect(plainName(area?.function?.name ?? '')).toMatch(/area$/);
    expect(entry?.function).toEqual({
      name: 'entry',
      offset: addressOf(file, 'mark_entry') - addressOf(file, 'entry'),
    });
  });

  test('has the functions that are inlined there, and the places of their calls', () => {
    expect(inner).toMatchObject({ file: join(folder, 'inner', 'header.h'), line: 4 });
    const calls = inner?.inlined.map((one) => ({ ...one, function: plainName(one.function ?? '') }));
    const source = join(folder, 'source.cc');
    if (flags.includes('-O0')) expect(calls).toEqual([]);
    else if (flags.includes('-gdwarf-2'))
      expect(calls?.length).toBe(2); // DWARF 2 has no places of calls.
    else
      expect(calls).toEqual([
        { function: 'innermost', file: source, line: 10 },
        { function: expect.stringMatching(/^(shapes::)?middle$/), file: source, line: 15 },
      ]);
  });
});

describe('split debug information', () => {
  const compiler = COMPILERS[0] ?? 'g++';
  const whole = build('whole', compiler, ['-g', '-O2', '-Wl,--build-id']);
  const entry = { file: join(folder, 'source.cc'), line: 16 };

  /** Strips the library, and keeps its debug information in a file next to it. */
  function stripped(
    name: string,
    file: string,
  ): { readonly library: string; readonly debug: string; readonly at: string } {
    const at = join(folder, name);
    mkdirSync(at);
    const library = join(at, 'plugin.so');
    const debug = join(at, 'plugin.so.debug');
    run('objcopy', '--only-keep-debug', file, debug);
    run('objcopy', '--strip-all', `--add-gnu-debuglink=${debug}`, file, library);
    return { library, debug, at };
  }

  test('a stripped library has no places', () => {
    const { library, debug, at } = stripped('none', whole);
    rmSync(debug);
    expect(placesAt(library, ['entry'], whole, [at])).toEqual([null]);
  });

  test('is found next to the library, in .debug, and by its build ID', () => {
    const { library, debug, at } = stripped('named', whole);
    const [found] = placesAt(library, ['entry'], whole, [at]);
    expect(found).toMatchObject({ ...entry, function: { name: 'entry' } });
    expect(placesAt(library, ['entry'], whole, [])).toEqual([null]);
    mkdirSync(join(at, '.debug'));
    run('mv', debug, join(at, '.debug'));
    expect(placesAt(library, ['entry'], whole, [at])).toMatchObject([entry]);
    const id = /Build ID: ([0-9a-f]+)/.exec(run('readelf', '-n', whole))?.[1] ?? '';
    mkdirSync(join(at, '.build-id', id.slice(0, 2)), { recursive: true });
    run(
      'mv',
      join(at, '.debug', basename(debug)),
      join(at, '.build-id', id.slice(0, 2), `${id.slice(2)}.debug`),
    );
    expect(placesAt(library, ['entry'], whole, [at])).toMatchObject([entry]);
  });

  test('is checked by its checksum if there is no build ID', () => {
    const file = build('no-id', compiler, ['-g', '-O2', '-Wl,--build-id=none']);
    const { library, debug, at } = stripped('checksum', file);
    expect(placesAt(library, ['entry'], file, [at])).toMatchObject([entry]);
    const bytes = readFileSync(debug);
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    writeFileSync(debug, bytes);
    expect(placesAt(library, ['entry'], file, [at])).toEqual([null]);
  });

  test('of another build is ignored', () => {
    const { library, debug, at } = stripped('other', whole);
    const other = build('another', compiler, ['-g', '-O1', '-Wl,--build-id']);
    run('objcopy', '--only-keep-debug', other, debug);
    expect(placesAt(library, ['entry'], whole, [at])).toEqual([null]);
  });

  test('is not read from a pipe, or through a name with a path', () => {
    const { library, debug, at } = stripped('pipe', whole);
    rmSync(debug);
    run('mkfifo', debug);
    expect(placesAt(library, ['entry'], whole, [at])).toEqual([null]);
    const bytes = readFileSync(library);
    const place = bytes.indexOf('plugin.so.debug');
    bytes.write('../a/b/../c.dbg', place);
    writeFileSync(library, bytes);
    expect(placesAt(library, ['entry'], whole, [at])).toEqual([null]);
  });

  test('in split units leaves the lines in the library', () => {
    const file = build('split', compiler, ['-g', '-O2', '-gsplit-dwarf']);
    expect(placesAt(file, ['entry', 'innermost'])).toMatchObject([
      entry,
      { file: join(folder, 'inner', 'header.h'), line: 4 },
    ]);
  });

  test('can consist of line tables only', () => {
    const flags = compiler === 'g++' ? ['-g1', '-O2'] : ['-gline-tables-only', '-O2'];
    expect(placesAt(build('tables', compiler, flags), ['entry'])).toMatchObject([entry]);
  });
});

test('a library with units of several compilers has the places of all', () => {
  const objects = COMPILERS.map((compiler, i) => {
    const source = `unit${i}.c`;
    writeFileSync(join(folder, source), PLAIN.replaceAll('entry', `entry${i}`));
    run(
      compiler.replace('++', compiler === 'g++' ? 'cc' : ''),
      '-c',
      '-g',
      '-O1',
      '-fPIC',
      source,
      '-o',
      `${source}.o`,
    );
    return `${source}.o`;
  });
  const output = join(folder, 'several.so');
  run('cc', '-shared', ...objects, '-o', output);
  const places = placesAt(
    output,
    COMPILERS.map((_, i) => `entry${i}`),
  );
  expect(places).toMatchObject(COMPILERS.map((_, i) => ({ file: join(folder, `unit${i}.c`), line: 3 })));
});

test('all instructions of a library have the same lines as in binutils', () => {
  const file = build('compared', COMPILERS[0] ?? 'g++', ['-g', '-O2']);
  const listing = run('objdump', '-d', '--no-show-raw-insn', '-j', '.text', file);
  const addresses = [...listing.matchAll(/^ +([0-9a-f]+):\t/gm)].map(([, hex = '']) =>
    Number.parseInt(hex, 16),
  );
  const expected = run('addr2line', '-e', file, ...addresses.map((address) => address.toString(16)))
    .trimEnd()
    .split('\n')
    .map((line) => line.replace(/ \(discriminator \d+\)$/, ''));
  // The start-up files are in the symbol table only.
  const isOurs = (line: string | undefined) => line?.startsWith(folder) === true;
  const found = addresses.map((address) => {
    const [place] = sourcePlacesIn(file, [address]);
    return place === null || place === undefined ? '??' : `${place.file}:${place.line ?? '?'}`;
  });
  expect(found.filter(isOurs).length).toBeGreaterThan(8);
  expect(found).toEqual(expected.map((line) => (isOurs(line) ? line : '??')));
});

describe.runIf(hasProgram('rustc'))('Rust', () => {
  const LIBRARY = `#![allow(named_asm_labels)]
#[inline(always)]
fn leaf(x: i32) -> i32 {
    unsafe { core::arch::asm!(".globl mark_leaf", "mark_leaf: nop") };
    x * 2
}
pub mod shapes {
    #[inline(never)]
    pub fn area(x: i32) -> i32 {
        super::leaf(x) + 1
    }
}
#[unsafe(no_mangle)]
pub extern "C" fn entry(x: i32) -> i32 {
    shapes::area(x)
}
`;
  writeFileSync(join(folder, 'library.rs'), LIBRARY);

  test.each([
    ['debug', ['-g']],
    ['release with debug information', ['-g', '-O']],
    ['line tables only', ['-C', 'debuginfo=line-tables-only', '-O']],
    ['names of the new mangling', ['-g', '-O', '-C', 'symbol-mangling-version=v0']],
    ['DWARF 5', ['-g', '-O', '-C', 'dwarf-version=5']],
  ])('a cdylib, %s', (name, flags) => {
    const output = join(folder, `rust-${name.replaceAll(' ', '-')}.so`);
    run('rustc', '--crate-type', 'cdylib', '--edition', '2024', ...flags, 'library.rs', '-o', output);
    const [leaf] = placesAt(output, ['leaf']);
    const source = join(folder, 'library.rs');
    expect(leaf).toMatchObject({ file: source, line: 4 });
    const calls = leaf?.inlined.map((one) => ({ ...one, function: plainName(one.function ?? '') })) ?? [];
    expect(calls).toMatchObject([{ function: expect.stringMatching(/leaf$/), file: source, line: 10 }]);
    expect(plainName(leaf?.function?.name ?? '')).toMatch(/area$/);
  });

  test('a plugin of realistic size has lines', needs('cargo'), () => {
    const file = pluginFile('grep');
    const address = Number.parseInt(
      /^(\S+) . \S*grep\S*Plugin\S*something/im.exec(run('nm', file))?.[1] ?? '',
      16,
    );
    const [place] = sourcePlacesIn(file, [
      (Number.isNaN(address) ? addressOf(file, 'get_plugin') : address) + 1,
    ]);
    expect(place?.file).toMatch(/plugins-rust\/.*\.rs$/);
  });
});

describe('no place is known', () => {
  test('of addresses outside of the code, or in libraries without debug information', () => {
    const file = build('again', COMPILERS[0] ?? 'g++', ['-g', '-O2']);
    expect(sourcePlacesIn(file, [-1, 0, 2 ** 40, Number.NaN])).toEqual([null, null, null, null]);
    expect(sourcePlacesIn(faultFile('process-segfault'), [0x1100])).toEqual([null]);
  });

  test('in files that are not libraries', () => {
    const file = join(folder, 'text.so');
    writeFileSync(file, 'just text');
    expect(sourcePlacesIn(file, [0x1000])).toEqual([null]);
    expect(sourcePlacesIn(join(folder, 'missing.so'), [0x1000])).toEqual([null]);
    copyFileSync('/dev/null', file);
    expect(sourcePlacesIn(file, [0x1000])).toEqual([null]);
  });
});

import { describe, expect, test } from 'vitest';
import { inspectFileSync } from '../../src/inspect/index.js';
import { languageOf, languageOfComment } from '../../src/inspect/language.js';
import { pluginFile } from '../support/index.js';
import { needs } from '../support/tools.js';
import { SAMPLE, Workshop } from './compilers.js';

const workshop = new Workshop();

test('C is detected by its compiler, and C++ by its runtime library', () => {
  expect(inspectFileSync(workshop.build('linux-x64', SAMPLE, { name: 'c' })).language).toBe('c');
  const link = ['-Wl,--no-as-needed', '-lstdc++'];
  expect(inspectFileSync(workshop.build('linux-x64', SAMPLE, { name: 'cpp', link })).language).toBe('c++');
});

test('a library without compiler signatures has no language', () => {
  const link = ['-s', '-Wl,--build-id=none'];
  const path = workshop.build('linux-x64', SAMPLE, {
    name: 'unmarked',
    compile: ['-fno-ident'],
    link: [...link, '-nostdlib'],
  });
  expect(inspectFileSync(path).language).toBeNull();
});

test.each([
  ['GCC: (Debian 12.2.0-14) 12.2.0\0rustc version 1.95.0 (59807616e 2026-04-14)\0', 'rust'],
  ['Linker: LLD 18.1\0clang version 18.1 (https://github.com/ziglang/zig-bootstrap 1)\0', 'zig'],
  ['Debian clang version 14.0.6\0', 'c'],
  ['GCC: (GNU) 13.2.0\0', 'c'],
  ['', null],
] as const)('the language is detected from the compiler signature %j', (comment, language) => {
  expect(languageOfComment(comment)).toBe(language);
});

describe('without compiler signatures', () => {
  const facts = inspectFileSync(workshop.build('linux-x64', 'int x;\n', { name: 'plain' }));
  const nothing = { find: () => null, read: () => null, constant: () => false, pointers: () => null };
  const image = { ...facts, mark: null, ...nothing };
  test.each([
    [['KERNEL32.dll', 'MSVCP140.dll'], 'c++'],
    [['libstdc++-6.dll'], 'c++'],
    [['/usr/lib/libc++.1.dylib'], 'c++'],
    [['KERNEL32.dll', 'VCRUNTIME140.dll'], null],
  ] as const)('the language is detected from the needed libraries %j', (needed, language) => {
    expect(languageOf({ ...image, needed })).toBe(language);
  });

  test('Go is detected from the exports of its C interface', () => {
    const exports = [{ name: '_cgo_dummy_export', type: 'data', address: 1 } as const];
    expect(languageOf({ ...image, exports })).toBe('go');
  });
});

describe('a Rust plugin', needs('cargo'), () => {
  test.each([
    ['grep', []],
    ['metronome-rs', ['tenon_kind_state_1']],
    ['zstd-rs', []],
  ])('is read completely: %s', (name, kinds) => {
    const facts = inspectFileSync(pluginFile(name));
    expect(facts.language).toBe('rust');
    expect(facts.descriptor).toMatchObject({ name, pointerSize: 8, vtableSize: 56 });
    expect(facts.exports.map((symbol) => symbol.name).sort()).toEqual([
      'get_name',
      'get_plugin',
      'get_version',
      'tenon_descriptor',
      ...kinds,
    ]);
    expect(facts.vtable?.slots.filter((slot) => slot.code).length).toBeGreaterThanOrEqual(5);
  });
});

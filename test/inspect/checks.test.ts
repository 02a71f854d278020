import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { DESCRIPTOR } from '../../src/base/abi.js';
import {
  checkDescriptor,
  checkEntryPoints,
  checkPlatform,
  checkStaticVTable,
  inspectBytes,
  inspectFileSync,
  type LibraryFacts,
} from '../../src/inspect/index.js';
import { byHand, SAMPLE, Workshop } from './compilers.js';

const workshop = new Workshop();
const refusal = (code: string, message: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) });
const build = (name: string, source: string) => workshop.build('linux-x64', source, { name });
const GOOD_SLOTS = 'sizeof plugin, 0, get_version, get_name, make, drop, work, NULL';

test('a valid plugin passes all checks, with all exports or only its entry points listed', () => {
  const path = build('good', SAMPLE);
  for (const exports of ['all', 'entry-points'] as const) {
    const facts = inspectFileSync(path, { exports });
    for (const check of [checkEntryPoints, checkDescriptor, checkStaticVTable])
      expect(() => check(facts)).not.toThrow();
    expect(() => checkPlatform(facts, 'linux', 'x64')).not.toThrow();
  }
});

describe('the platform', () => {
  test.each([
    ['linux-arm64', 'linux arm64 \\(ELF, 64 bits\\)'],
    ['windows-x64', 'win32 x64 \\(PE, 64 bits\\)'],
    ['macos-arm64', 'darwin arm64 \\(Mach-O, 64 bits\\)'],
  ] as const)('a library for %s is refused on Linux x64', (target, found) => {
    const facts = inspectFileSync(workshop.build(target, SAMPLE, { name: 'platform' }));
    const message = new RegExp(`found a library for ${found}, this host is linux x64`);
    expect(() => checkPlatform(facts, 'linux', 'x64')).toThrow(refusal('ERR_TENON_WRONG_PLATFORM', message));
    expect(() => checkPlatform(facts, facts.os, facts.arch)).not.toThrow();
  });

  test('a 32-bit library is refused even on a 32-bit host', () => {
    const facts = inspectFileSync(
      workshop.build('linux-ia32', '__attribute__((visibility("default"))) int number;\n'),
    );
    expect(() => checkPlatform(facts, 'linux', 'ia32')).toThrow(
      refusal('ERR_TENON_WRONG_PLATFORM', /Plugins are 64-bit/),
    );
  });
});

describe('entry points', () => {
  const hand = byHand(GOOD_SLOTS);

  test.each([['get_version'], ['get_name'], ['get_plugin']])(
    'a plugin without %s is refused with the name of the missing entry point',
    (missing) => {
      const compile = [`-D${missing}=renamed`];
      const facts = inspectFileSync(workshop.build('linux-x64', hand, { name: `no-${missing}`, compile }));
      const message = new RegExp(`does not export ${missing}; a plugin exports`);
      expect(() => checkEntryPoints(facts)).toThrow(refusal('ERR_TENON_MISSING_SYMBOL', message));
    },
  );

  test('the error lists all missing entry points, and hints at visibility if there are no exports', () => {
    const facts = inspectFileSync(build('nothing', 'int hidden(void) { return 0; }\n'));
    const message = /does not export get_version, get_name and get_plugin;.*mark them TENON_EXPORT/;
    expect(() => checkEntryPoints(facts)).toThrow(refusal('ERR_TENON_MISSING_SYMBOL', message));
  });

  test.each([
    ['_Z11get_versionv', /exports _Z11get_versionv, a C\+\+ name: declare it extern "C"/],
    ['_ZN4blur11get_version17h0123456789abcdefE', /a Rust name: mark it #\[no_mangle\]/],
    ['my_get_version', /exports my_get_version, not the same name/],
  ])('the error mentions a similar export: %s', (near, message) => {
    const source = `__attribute__((visibility("default"))) int near(void) __asm__("${near}");\nint near(void) { return 0; }\n`;
    const facts = inspectFileSync(build('near', source));
    expect(() => checkEntryPoints(facts)).toThrow(refusal('ERR_TENON_MISSING_SYMBOL', message));
  });

  test('the error mentions a C++ name even if only entry points were listed', () => {
    const source = `__attribute__((visibility("default"))) int near(void) __asm__("_Z11get_versionv");\nint near(void) { return 0; }\n`;
    const facts = inspectFileSync(build('near-cpp', source), { exports: 'entry-points' });
    expect(() => checkEntryPoints(facts)).toThrow(
      refusal('ERR_TENON_MISSING_SYMBOL', /declare it extern "C"/),
    );
  });

  test('an entry point that is data or is forwarded is refused', () => {
    const data = `#define E __attribute__((visibility("default")))
E const char get_version[] = "1.0.0";
E const char *get_name(void) { return "x"; }
E const void *get_plugin(void) { return 0; }
`;
    const facts = inspectFileSync(build('data', data));
    expect(() => checkEntryPoints(facts)).toThrow(
      refusal('ERR_TENON_BAD_SYMBOL', /get_version is exported as data, expected a function/),
    );
    const link = ['get_version', 'get_name', 'get_plugin'].map((name) => `/export:${name}=KERNEL32.Sleep`);
    const forwarded = inspectFileSync(workshop.build('windows-x64', 'int x;\n', { name: 'forwarded', link }));
    expect(() => checkEntryPoints(forwarded)).toThrow(
      refusal('ERR_TENON_BAD_SYMBOL', /forwarding to another library/),
    );
  });
});

describe('the static vtable', () => {
  const cases: readonly [string, string, RegExp][] = [
    [
      'NULL in get_version',
      'sizeof plugin, 0, NULL, get_name, make, drop, work, NULL',
      /slot `get_version`.*is NULL/,
    ],
    ['NULL in new', 'sizeof plugin, 0, get_version, get_name, NULL, drop, work, NULL', /slot `new`.*is NULL/],
    [
      'NULL in drop',
      'sizeof plugin, 0, get_version, get_name, make, NULL, work, NULL',
      /slot `drop`.*is NULL/,
    ],
    [
      'NULL in something',
      'sizeof plugin, 0, get_version, get_name, make, drop, NULL, NULL',
      /slot `something`.*is NULL/,
    ],
    [
      'a pointer to data in something',
      `sizeof plugin, 0, get_version, get_name, make, drop, (tenon_method)(uintptr_t)text, NULL`,
      /slot `something`.*points to 0x[0-9a-f]+, which is not code/,
    ],
    [
      'a pointer to data in get_extension',
      `sizeof plugin, 0, get_version, get_name, make, drop, work, (const void *(*)(const char *))text`,
      /slot `get_extension`.*not code/,
    ],
    [
      'a size of 8',
      '8, 0, get_version, get_name, make, drop, work, NULL',
      /size of 8 bytes, expected at least 56/,
    ],
    [
      'an absurd size',
      '0x10000000, 0, get_version, get_name, make, drop, work, NULL',
      /size of 268435456 bytes.*at most 4096/,
    ],
  ];
  test.each(cases)('is refused: %s', (name, slots, message) => {
    const facts = inspectFileSync(build(`vtable-${name.replace(/\W/g, '-')}`, byHand(slots)));
    expect(() => checkStaticVTable(facts)).toThrow(refusal('ERR_TENON_BAD_VTABLE', message));
  });

  test('is refused if it is misaligned', () => {
    const source = byHand(GOOD_SLOTS).replace(
      'return &plugin;',
      'return (const tenon_plugin *)((const char *)&plugin + 4);',
    );
    const facts = inspectFileSync(build('misaligned', source));
    expect(() => checkStaticVTable(facts)).toThrow(
      refusal('ERR_TENON_BAD_VTABLE', /expected a multiple of 8/),
    );
  });

  test('passes without an extension, and if inspection could not find it', () => {
    const facts = inspectFileSync(build('fine', byHand(GOOD_SLOTS)));
    expect(facts.vtable?.slots.at(-1)).toEqual({ name: 'get_extension', address: 0, code: false });
    expect(() => checkStaticVTable(facts)).not.toThrow();
    expect(() => checkStaticVTable({ ...facts, vtable: null })).not.toThrow();
  });
});

describe('the descriptor', () => {
  const original = readFileSync(build('descriptor', SAMPLE));
  const start = original.indexOf(Buffer.from(DESCRIPTOR.magic, 'latin1'));
  const edited = (edit: (descriptor: Buffer) => unknown): LibraryFacts => {
    const bytes = Buffer.from(original);
    edit(bytes.subarray(start, start + DESCRIPTOR.size));
    return inspectBytes(bytes);
  };
  const { offset } = DESCRIPTOR;

  const faults: readonly [string, (descriptor: Buffer) => unknown, RegExp][] = [
    [
      'a different magic',
      (d) => d.writeUInt8(2, 7),
      /starts with 54454e4f4e000002, expected 54454e4f4e000001/,
    ],
    ['big-endian byte order', (d) => d.writeUInt8(2, offset.endian), /byte order 2, expected 1/],
    ['32-bit pointers', (d) => d.writeUInt8(4, offset.pointer_size), /pointers of 4 bytes, expected 8/],
    ['a size too small', (d) => d.writeUInt32LE(391, offset.size), /size as 391 bytes, expected 392/],
    ['an absurd size', (d) => d.writeUInt32LE(0xffffffff, offset.size), /size as 4294967295 bytes/],
    [
      'a small vtable',
      (d) => d.writeUInt32LE(8, offset.vtable_size),
      /vtable of 8 bytes, expected at least 56/,
    ],
    [
      'a name without a terminator',
      (d) => d.fill('a', offset.name, offset.version),
      /name is not terminated within 64 bytes/,
    ],
    ['bytes after the name', (d) => d.write('x', offset.name + 40), /name is not padded with NULs/],
    [
      'an empty name',
      (d) => d.fill(0, offset.name, offset.version),
      /name is "", expected 1 to 63 characters/,
    ],
    ['a name with a slash', (d) => d.write('a/b', offset.name), /name is "a\/bple"/],
    [
      'a name that is not ASCII',
      (d) => d.write('é', offset.name),
      /name has characters other than printable ASCII/,
    ],
    ['an invalid version', (d) => d.write('banana', offset.version), /version is "banana/],
    [
      'a version without a terminator',
      (d) => d.fill('1', offset.version, offset.kinds),
      /version is not terminated within 32 bytes/,
    ],
    ['a kind without a version', (d) => d.write('codec\0', offset.kinds), /kinds is not padded/],
    [
      'a kind with an incomplete version',
      (d) => d.write('codec/1.0;', offset.kinds),
      /kinds contain "codec\/1.0"/,
    ],
    ['a duplicate kind', (d) => d.write('math/1.0.0;math/12.0.0', offset.kinds), /"math" twice/],
  ];
  test.each(faults)('is refused with %s', (_, edit, message) => {
    const facts = edited(edit);
    expect(facts.descriptor).toBeNull();
    expect(() => checkDescriptor(facts)).toThrow(refusal('ERR_TENON_BAD_DESCRIPTOR', message));
  });

  test('is decoded if it has another ABI version, which a later gate may refuse', () => {
    const facts = edited((d) => {
      d.writeUInt32LE(7, offset.abi_major);
      d.writeUInt32LE(8, offset.abi_minor);
      d.writeUInt32LE(9, offset.abi_patch);
      d.writeUInt32LE(640, offset.vtable_size);
    });
    expect(facts).toMatchObject({ descriptor: { abi: '7.8.9', vtableSize: 640 }, descriptorProblem: null });
    expect(() => checkDescriptor(facts)).not.toThrow();
  });

  test('may be larger than this version expects, and may list no kinds', () => {
    const facts = edited((d) => {
      d.writeUInt32LE(512, offset.size);
      d.fill(0, offset.kinds);
    });
    expect(facts.descriptor?.kinds).toEqual({});
  });

  test('is refused if it is a function or if its bytes are not in the file', () => {
    const asFunction = '__attribute__((visibility("default"))) int tenon_descriptor(void) { return 0; }\n';
    expect(() => checkDescriptor(inspectFileSync(build('as-function', asFunction)))).toThrow(
      /exported as a function, expected data/,
    );
    const empty = '__attribute__((visibility("default"))) char tenon_descriptor[392];\n';
    expect(() => checkDescriptor(inspectFileSync(build('as-bss', empty)))).toThrow(
      /392 bytes are not in the file/,
    );
  });

  test('is found by its symbol in any section', () => {
    const elsewhere = SAMPLE.replace(
      '#include "tenon.h"',
      '#include "tenon.h"\n#undef TENON_DESCRIPTOR_SECTION\n#define TENON_DESCRIPTOR_SECTION',
    );
    const path = build('elsewhere', elsewhere);
    expect(readFileSync(path).includes('.tenon')).toBe(false);
    expect(inspectFileSync(path).descriptor?.name).toBe('sample');
  });
});

test('an error contains the path of the file', () => {
  const path = `${workshop.folder}/named.so`;
  writeFileSync(path, readFileSync(build('named', 'int x;\n')));
  expect(() => checkEntryPoints(inspectFileSync(path))).toThrow(
    expect.objectContaining({ path, message: expect.stringContaining(path) }),
  );
});

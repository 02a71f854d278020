import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { inspectBytes, inspectFileSync, type LibraryFacts } from '../../src/inspect/index.js';
import { tool } from '../support/tools.js';
import { byHand, SAMPLE, type Target, Workshop } from './compilers.js';

const workshop = new Workshop();
const typeOf = (facts: LibraryFacts, name: string) =>
  facts.exports.find((symbol) => symbol.name === name)?.type;
const slot = (facts: LibraryFacts, name: string) =>
  facts.vtable?.slots.find((candidate) => candidate.name === name);

const ABI = ['get_name', 'get_plugin', 'get_version', 'sample_data', 'tenon_descriptor'];
const FULL_VTABLE = ['get_version', 'get_name', 'new', 'drop', 'something', 'get_extension'];
const DESCRIPTOR = {
  abi: '1.0.0',
  pointerSize: 8,
  endian: 'little',
  vtableSize: 56,
  flags: 1,
  name: 'sample',
  version: '2.3.4-rc.1',
  kinds: { codec: '1.0.0', math: '1.2.0' },
};

const SYMBOL_SOURCE = `
__attribute__((visibility("default"))) int answer(void) { return 42; }
__attribute__((visibility("default"))) int number = 42;
int hidden(void) { return 1; }
`;

describe('a plugin of the SDK', () => {
  const variants: readonly [string, Target, { compile?: string[]; link?: string[] }, string][] = [
    ['gcc on x64', 'linux-x64', {}, 'x64'],
    [
      'gcc on x64 without optimisation, with branch protection',
      'linux-x64',
      { compile: ['-O0', '-fcf-protection'] },
      'x64',
    ],
    ['gcc on x64 with only the SysV hash table', 'linux-x64', { link: ['-Wl,--hash-style=sysv'] }, 'x64'],
    ['gcc on x64 with its own symbols bound by the linker', 'linux-x64', { link: ['-Wl,-Bsymbolic'] }, 'x64'],
    ['clang and lld on arm64', 'linux-arm64', {}, 'arm64'],
    [
      'clang and lld on arm64 with branch protection',
      'linux-arm64',
      { compile: ['-mbranch-protection=bti'] },
      'arm64',
    ],
    [
      'lld with packed relocations',
      'linux-arm64',
      { link: ['--pack-dyn-relocs=relr', '-Bsymbolic'] },
      'arm64',
    ],
  ];
  test.each(variants)('is read completely: %s', (name, target, flags, arch) => {
    const path = workshop.build(target, SAMPLE, { name: name.replace(/\W+/g, '-'), ...flags });
    const facts = inspectFileSync(path);
    expect(facts).toMatchObject({
      path,
      format: 'elf',
      os: 'linux',
      arch,
      bits: 64,
      endian: 'little',
      language: 'c',
    });
    expect(facts.size).toBe(readFileSync(path).length);
    expect(facts.exports.map((symbol) => symbol.name).sort()).toEqual(expect.arrayContaining(ABI));
    expect(['get_version', 'get_name', 'get_plugin'].map((entry) => typeOf(facts, entry))).toEqual(
      Array(3).fill('function'),
    );
    expect([typeOf(facts, 'sample_data'), typeOf(facts, 'tenon_descriptor')]).toEqual(['data', 'data']);
    expect(facts).toMatchObject({ descriptor: DESCRIPTOR, descriptorProblem: null });
    expect(facts.vtable).toMatchObject({ size: 56, flags: 1 });
    expect(facts.vtable?.slots.map((entry) => entry.name)).toEqual(FULL_VTABLE);
    expect(facts.vtable?.slots.filter((entry) => !entry.code)).toEqual([]);
    const address = (entry: string) => facts.exports.find((symbol) => symbol.name === entry)?.address;
    expect(slot(facts, 'get_version')?.address).toBe(address('get_version'));
    expect(slot(facts, 'get_name')?.address).toBe(address('get_name'));
  });

  test('has the same facts if only its entry points are listed', () => {
    for (const link of [['-Wl,--hash-style=gnu'], ['-Wl,--hash-style=sysv']]) {
      const path = workshop.build('linux-x64', SAMPLE, { name: 'entry-points', link });
      const all = inspectFileSync(path);
      const few = inspectFileSync(path, { exports: 'entry-points' });
      expect(few.exports.map((symbol) => symbol.name).sort()).toEqual(
        ABI.filter((name) => name !== 'sample_data'),
      );
      expect(all.exports).toEqual(expect.arrayContaining([...few.exports]));
      expect({ ...few, exports: all.exports }).toEqual(all);
    }
  });

  test('is read without section headers', () => {
    const bytes = readFileSync(workshop.build('linux-x64', SAMPLE, { name: 'no-sections' }));
    const whole = inspectBytes(bytes);
    bytes.fill(0xff, Number(bytes.readBigUInt64LE(40)));
    bytes.writeBigUInt64LE(0xffff_ffff_ffff_fff0n, 40);
    // Only a section contains the language.
    expect(inspectBytes(bytes)).toEqual({ ...whole, language: null });
  });

  test('has the same facts from a file and from memory', () => {
    const path = workshop.build('linux-x64', SAMPLE, { name: 'memory' });
    expect(inspectBytes(readFileSync(path), path)).toEqual(inspectFileSync(path));
  });
});

describe('symbols, dependencies and platforms', () => {
  test('exports are functions, indirect functions and data, but not hidden or undefined symbols', () => {
    const source = `${SYMBOL_SOURCE}
extern int elsewhere(void);
__attribute__((visibility("default"))) int user(void) { return elsewhere(); }
static int real(void) { return 3; }
static void *choose(void) { return (void *)real; }
__attribute__((visibility("default"), ifunc("choose"))) int indirect(void);
__attribute__((visibility("default"))) __thread int local;
__attribute__((visibility("default"), weak)) int weak(void) { return 4; }
__asm__(".globl untyped\\nuntyped: ret\\n.type object,@object\\n.globl object\\nobject: ret");
`;
    const facts = inspectFileSync(workshop.build('linux-x64', source, { name: 'symbols' }));
    const types = Object.fromEntries(facts.exports.map((symbol) => [symbol.name, symbol.type]));
    expect(types).toEqual({
      answer: 'function',
      number: 'data',
      user: 'function',
      indirect: 'function',
      local: 'data',
      weak: 'function',
      untyped: 'function',
      object: 'data',
    });
  });

  test('needed libraries and the folders of RUNPATH or RPATH are listed in order', () => {
    const link = [
      '-Wl,--no-as-needed',
      '-lm',
      '-lpthread',
      '-Wl,--enable-new-dtags,-rpath,$ORIGIN/deps:/opt/deps',
    ];
    const facts = inspectFileSync(workshop.build('linux-x64', SYMBOL_SOURCE, { name: 'needed', link }));
    expect(facts.needed).toEqual([
      'libm.so.6',
      expect.stringMatching(/^lib(pthread\.so\.0|c\.so\.6)$/),
      ...facts.needed.slice(2),
    ]);
    expect(facts.needed).toContain('libc.so.6');
    expect(facts.runpath).toEqual(['$ORIGIN/deps', '/opt/deps']);
    const old = ['-Wl,--disable-new-dtags,-rpath,/old'];
    expect(
      inspectFileSync(workshop.build('linux-x64', SYMBOL_SOURCE, { name: 'rpath', link: old })).runpath,
    ).toEqual(['/old']);
  });

  test('a symbol with several versions is listed once, with its default version', () => {
    const source = `
__attribute__((visibility("default"))) int old_f(void) { return 1; }
__attribute__((visibility("default"))) int new_f(void) { return 2; }
__asm__(".symver old_f,f@V1\\n.symver new_f,f@@V2");
`;
    const script = `${workshop.folder}/versions.map`;
    execFileSync('sh', ['-c', `printf 'V1 { local: old_f; };\\nV2 { local: new_f; } V1;\\n' > "${script}"`]);
    const path = workshop.build('linux-x64', source, {
      name: 'versions',
      link: [`-Wl,--version-script=${script}`],
    });
    const symbols = execFileSync(tool('binutils'), ['-D', '--defined-only', path], {
      encoding: 'utf8',
    });
    const expected = Number.parseInt(/^([0-9a-f]+) T f@@V2$/m.exec(symbols)?.[1] ?? '', 16);
    const named = inspectFileSync(path).exports.filter((symbol) => symbol.name === 'f');
    expect(named).toEqual([{ name: 'f', type: 'function', address: expected }]);
  });

  test.each([
    ['linux-ia32', { arch: 'ia32', bits: 32, endian: 'little' }],
    ['linux-mips', { arch: 'mips', bits: 64, endian: 'big' }],
  ] as const)('%s is recognised and its symbols are read', (target, expected) => {
    const facts = inspectFileSync(workshop.build(target, SYMBOL_SOURCE, { name: 'foreign' }));
    expect(facts).toMatchObject({ format: 'elf', os: 'linux', ...expected, descriptor: null, vtable: null });
    expect([typeOf(facts, 'answer'), typeOf(facts, 'number'), typeOf(facts, 'hidden')]).toEqual([
      'function',
      'data',
      undefined,
    ]);
    expect(inspectFileSync(facts.path, { exports: 'entry-points' }).exports).toEqual([]);
  });

  test('the operating system is that of EI_OSABI if it states one', () => {
    const bytes = readFileSync(workshop.build('linux-x64', SYMBOL_SOURCE, { name: 'osabi' }));
    const systems = [0, 3, 9, 12, 6, 77].map((osAbi) => {
      bytes[7] = osAbi;
      return inspectBytes(bytes).os;
    });
    expect(systems).toEqual(['linux', 'linux', 'freebsd', 'openbsd', 'sunos', 'unknown(osabi 77)']);
  });
});

describe('the vtable, without running any code', () => {
  test('a NULL slot and a slot that points to data are not code', () => {
    const source = byHand(
      'sizeof plugin, 2, get_version, get_name, NULL, drop, (tenon_method)(uintptr_t)text, NULL',
    );
    const facts = inspectFileSync(workshop.build('linux-x64', source, { name: 'bad-slots' }));
    expect(facts.vtable).toMatchObject({ size: 56, flags: 2 });
    expect(slot(facts, 'new')).toEqual({ name: 'new', address: 0, code: false });
    expect(slot(facts, 'something')).toMatchObject({ code: false });
    expect(slot(facts, 'drop')).toMatchObject({ code: true });
  });

  test('a slot with a number is not code even if the number is an address of code', () => {
    const source = byHand('sizeof plugin, 0, get_version, get_name, make, drop, (tenon_method)0x1000, NULL');
    const facts = inspectFileSync(workshop.build('linux-x64', source, { name: 'number' }));
    expect(slot(facts, 'something')).toEqual({ name: 'something', address: 0x1000, code: false });
  });

  test('a slot with a symbol of another library is omitted', () => {
    const source = `extern void free(void *);\n${byHand('sizeof plugin, 0, get_version, get_name, make, free, work, NULL')}`;
    const facts = inspectFileSync(workshop.build('linux-x64', source, { name: 'import' }));
    expect(facts.vtable?.slots.map((entry) => entry.name)).toEqual(
      FULL_VTABLE.filter((name) => name !== 'drop'),
    );
  });

  test('the order of the relocations has no effect', () => {
    const path = workshop.build('linux-x64', SAMPLE, { name: 'unsorted' });
    const bytes = readFileSync(path);
    const [, at = '', size = ''] =
      /\.rela\.dyn +RELA +[0-9a-f]+ ([0-9a-f]+) ([0-9a-f]+)/.exec(
        execFileSync('readelf', ['-SW', path], { encoding: 'utf8' }),
      ) ?? [];
    const start = Number.parseInt(at, 16);
    const entries = Array.from({ length: Number.parseInt(size, 16) / 24 }, (_, index) =>
      Buffer.from(bytes.subarray(start + index * 24, start + (index + 1) * 24)),
    );
    const relative = entries.filter((entry) => entry.readUInt32LE(8) === 8);
    expect(relative.length).toBeGreaterThan(5);
    const expected = inspectBytes(bytes).vtable;
    for (let turn = 1; turn < relative.length; turn += 1) {
      const turned = [...relative.slice(turn), ...relative.slice(0, turn), ...entries.slice(relative.length)];
      Buffer.concat(turned).copy(bytes, start);
      expect([turn, inspectBytes(bytes).vtable]).toEqual([turn, expected]);
    }
  });

  test('a smaller size has fewer slots, and an absurd size has none', () => {
    const small = byHand('24, 0, get_version, get_name, make, drop, work, NULL');
    const facts = inspectFileSync(workshop.build('linux-x64', small, { name: 'small' }));
    expect(facts.vtable?.slots.map((entry) => entry.name)).toEqual(['get_version', 'get_name']);
    const absurd = byHand('0x7fffffff, 0, get_version, get_name, make, drop, work, NULL');
    expect(inspectFileSync(workshop.build('linux-x64', absurd, { name: 'absurd' })).vtable).toMatchObject({
      size: 0x7fffffff,
      slots: [],
    });
  });

  test('a vtable in writable memory, or of a get_plugin that does more than return it, is unknown', () => {
    const slots = 'sizeof plugin, 0, get_version, get_name, make, drop, work, NULL';
    const writable = byHand(slots, 'static tenon_plugin plugin');
    // Without a function that writes to it, the compiler would make the vtable constant.
    const used = `${writable}TENON_EXPORT void change(void) { plugin.flags++; }\n`;
    expect(inspectFileSync(workshop.build('linux-x64', used, { name: 'writable' })).vtable).toBeNull();
    const busy = byHand(slots).replace(
      'return &plugin;',
      'static volatile int calls; calls++; return &plugin;',
    );
    expect(inspectFileSync(workshop.build('linux-x64', busy, { name: 'busy' })).vtable).toBeNull();
  });
});

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { inspectBytes, inspectFileSync, type LibraryFacts } from '../../src/inspect/index.js';
import { byHand, CPU, SAMPLE, type Target, universal, Workshop } from './compilers.js';
import { withChainedFixups, withoutExportTrie } from './macho-edit.js';

const workshop = new Workshop();
const slot = (facts: LibraryFacts, name: string) =>
  facts.vtable?.slots.find((candidate) => candidate.name === name);
const typesOf = (facts: LibraryFacts) =>
  Object.fromEntries(facts.exports.map((symbol) => [symbol.name, symbol.type]));

const ABI_TYPES = {
  get_name: 'function',
  get_plugin: 'function',
  get_version: 'function',
  sample_data: 'data',
  tenon_descriptor: 'data',
};
const TARGETS: readonly [Target, 'x64' | 'arm64'][] = [
  ['macos-x64', 'x64'],
  ['macos-arm64', 'arm64'],
];

describe.each(TARGETS)('a plugin of the SDK for %s', (target, arch) => {
  test('is read completely', () => {
    const path = workshop.build(target, SAMPLE, { link: ['-rpath', '@loader_path/deps'] });
    const facts = inspectFileSync(path, { arch });
    expect(facts).toMatchObject({ path, format: 'macho', os: 'darwin', arch, bits: 64, endian: 'little' });
    expect(typesOf(facts)).toEqual(ABI_TYPES);
    expect(facts.runpath).toEqual(['@loader_path/deps']);
    expect(facts.descriptorProblem).toBeNull();
    expect(facts.descriptor).toMatchObject({
      abi: '1.0.0',
      name: 'sample',
      version: '2.3.4-rc.1',
      vtableSize: 56,
    });
    expect(facts.vtable).toMatchObject({ size: 56, flags: 1 });
    expect(facts.vtable?.slots.map((entry) => entry.code)).toEqual(Array(6).fill(true));
    const version = facts.exports.find((symbol) => symbol.name === 'get_version');
    expect(slot(facts, 'get_version')?.address).toBe(version?.address);
  });

  test('has the same exports if they are read from the symbol table', () => {
    const bytes = readFileSync(workshop.build(target, SAMPLE, { name: 'no-trie' }));
    const sorted = (facts: LibraryFacts) => [...facts.exports].sort((a, b) => a.name.localeCompare(b.name));
    expect(sorted(inspectBytes(withoutExportTrie(bytes)))).toEqual(sorted(inspectBytes(bytes)));
  });

  test('has the same vtable if its pointers are chained', () => {
    const source = byHand(
      'sizeof plugin, 0, get_version, get_name, NULL, (void (*)(void *))text, work, NULL',
    );
    const bytes = readFileSync(workshop.build(target, source, { name: 'chained' }));
    const plain = inspectBytes(bytes);
    expect(plain.vtable?.slots.map((entry) => entry.code)).toEqual([true, true, false, false, true, false]);
    expect(slot(plain, 'new')).toEqual({ name: 'new', address: 0, code: false });
    for (const format of [1, 2, 6, 9, 12]) {
      const chained = inspectBytes(withChainedFixups(bytes, plain, format));
      expect(chained.vtable, `pointer format ${format}`).toEqual(plain.vtable);
      expect(chained.exports).toEqual(plain.exports);
    }
    expect(inspectBytes(withChainedFixups(bytes, plain, 77)).vtable).toBeNull();
  });

  test('has no vtable slot for a pointer that is bound by name', () => {
    const source = byHand('sizeof plugin, 0, get_version, get_name, make, elsewhere, work, NULL');
    const path = workshop.build(target, `extern void elsewhere(void *);\n${source}`, {
      name: 'bound',
      link: ['-undefined', 'dynamic_lookup'],
    });
    const facts = inspectFileSync(path);
    expect(facts.vtable?.slots.map((entry) => entry.name)).toEqual([
      'get_version',
      'get_name',
      'new',
      'something',
    ]);
  });
});

describe('universal binaries', () => {
  const slices = () =>
    TARGETS.map(([target, arch]) => ({
      cpu: CPU[arch],
      bytes: readFileSync(workshop.build(target, SAMPLE, { name: 'fat' })),
    }));

  test.each([false, true])('the slice of the requested processor is read (64-bit header: %s)', (wide) => {
    const thin = slices();
    const bytes = universal(thin, wide);
    TARGETS.forEach(([, arch], index) => {
      const facts = inspectBytes(bytes, 'fat.dylib', { arch });
      expect(facts.arch).toBe(arch);
      expect(facts.descriptor?.name).toBe('sample');
      const alone = inspectBytes(thin[index]?.bytes ?? Buffer.alloc(0), 'fat.dylib');
      expect(facts).toEqual({ ...alone, size: bytes.length });
    });
  });

  test('the first slice is read if none is for the requested processor', () => {
    expect(inspectBytes(universal(slices()), 'fat.dylib', { arch: 'riscv64' }).arch).toBe('x64');
  });

  test('a slice past the end, a slice that is not a Mach-O file, and a Java class file are refused', () => {
    const bytes = universal(slices());
    const refusal = (message: RegExp) =>
      expect.objectContaining({ code: 'ERR_TENON_NOT_A_LIBRARY', message: expect.stringMatching(message) });
    expect(() => inspectBytes(bytes.subarray(0, -8192), 'x', { arch: 'arm64' })).toThrow(
      refusal(/slice ends at byte/),
    );
    const java = Buffer.from('cafebabe00000041000a0b0c0d0e0f', 'hex');
    expect(() => inspectBytes(java)).toThrow(refusal(/Java class file/));
    const holed = Buffer.from(bytes).fill(0, 4096, 8192);
    expect(() => inspectBytes(holed, 'x', { arch: 'x64' })).toThrow(refusal(/slice is not a Mach-O/));
  });
});

test('a program and an object file are refused, and a library for iOS is not one for macOS', () => {
  const bytes = readFileSync(workshop.build('macos-arm64', SAMPLE, { name: 'type' }));
  const withType = (type: number) => {
    const edited = Buffer.from(bytes);
    edited.writeUInt32LE(type, 12);
    return edited;
  };
  expect(() => inspectBytes(withType(2))).toThrow(/found a Mach-O program/);
  expect(() => inspectBytes(withType(1))).toThrow(/found a Mach-O object file/);
  expect(inspectBytes(withType(8)).exports).toHaveLength(5);
  const at = bytes.indexOf(Buffer.from('3200000020000000', 'hex'));
  expect(at).toBeGreaterThan(0);
  bytes.writeUInt32LE(2, at + 8);
  expect(inspectBytes(bytes).os).toBe('ios');
});

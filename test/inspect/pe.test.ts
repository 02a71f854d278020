import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { inspectBytes, inspectFileSync, type LibraryFacts } from '../../src/inspect/index.js';
import { placesIn } from '../../src/inspect/symbols.js';
import { tool } from '../support/tools.js';
import { byHand, SAMPLE, type Target, Workshop } from './compilers.js';

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

describe('a plugin of the SDK as a DLL', () => {
  const variants: readonly [string, Target, string[], string][] = [
    ['mingw on x64', 'mingw-x64', [], 'x64'],
    ['mingw on x64 without optimisation', 'mingw-x64', ['-O0'], 'x64'],
    ['clang and lld on x64', 'windows-x64', [], 'x64'],
    ['clang and lld on arm64', 'windows-arm64', [], 'arm64'],
  ];
  test.each(variants)('is read completely: %s', (name, target, compile, arch) => {
    const path = workshop.build(target, SAMPLE, { name: name.replace(/\W+/g, '-'), compile });
    const facts = inspectFileSync(path);
    expect(facts).toMatchObject({
      path,
      format: 'pe',
      os: 'win32',
      arch,
      bits: 64,
      endian: 'little',
      runpath: [],
    });
    expect(typesOf(facts)).toEqual(ABI_TYPES);
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

  test('has the same facts if only its entry points are listed', () => {
    const path = workshop.build('windows-x64', SAMPLE, { name: 'entry-points' });
    const few = inspectFileSync(path, { exports: 'entry-points' });
    expect(few.exports.map((symbol) => symbol.name)).toEqual(
      Object.keys(ABI_TYPES).filter((name) => name !== 'sample_data'),
    );
    expect({ ...few, exports: [] }).toEqual({ ...inspectFileSync(path), exports: [] });
  });

  test('has slots with NULL, a pointer to data or a number that are not code', () => {
    const source = byHand(
      'sizeof plugin, 0, get_version, get_name, NULL, (void (*)(void *))text, (tenon_method)7, NULL',
    );
    for (const target of ['mingw-x64', 'windows-x64', 'windows-arm64'] as const) {
      const facts = inspectFileSync(workshop.build(target, source, { name: 'bad-slots' }));
      expect(slot(facts, 'new'), target).toEqual({ name: 'new', address: 0, code: false });
      expect(slot(facts, 'drop'), target).toMatchObject({ code: false });
      expect(slot(facts, 'something'), target).toEqual({ name: 'something', address: 7, code: false });
    }
  });
});

const SYMBOLS = `
__declspec(dllexport) int answer(void) { return 42; }
__declspec(dllexport) int number = 42;
int hidden(void) { return 1; }
`;

describe('other DLLs', () => {
  test('a forwarded export is defined in another library, so its type is unknown', () => {
    const link = ['/export:forwarded=KERNEL32.Sleep', '/export:answer'];
    const source = 'int answer(void) { return 42; }\n';
    const facts = inspectFileSync(workshop.build('windows-x64', source, { name: 'forwarder', link }));
    expect(facts.exports.find((symbol) => symbol.name === 'forwarded')).toEqual({
      name: 'forwarded',
      type: 'unknown',
      address: 0,
    });
    expect(typesOf(facts)).toEqual({ answer: 'function', forwarded: 'unknown' });
  });

  test('exports have their types, and the needed libraries are those that objdump lists', () => {
    const path = workshop.build('mingw-x64', SYMBOLS, {
      name: 'imports',
      link: ['-lws2_32', '-Wl,--no-as-needed'],
    });
    const listed = execFileSync(tool('mingw64', 'x86_64-w64-mingw32-objdump'), ['-p', path], {
      encoding: 'utf8',
    });
    const facts = inspectFileSync(path);
    expect(typesOf(facts)).toEqual({ answer: 'function', number: 'data' });
    expect(facts.needed).toEqual([...listed.matchAll(/DLL Name: (\S+)/g)].map((match) => match[1]));
    expect(facts.needed).toContain('KERNEL32.dll');
  });

  test('a 32-bit DLL is recognised, and its C names are not decorated', () => {
    const facts = inspectFileSync(workshop.build('mingw-ia32', SYMBOLS, { name: 'narrow' }));
    expect(facts).toMatchObject({
      format: 'pe',
      os: 'win32',
      arch: 'ia32',
      bits: 32,
      descriptor: null,
      vtable: null,
    });
    expect(typesOf(facts)).toEqual({ answer: 'function', number: 'data' });
  });

  test('a DLL without exports has an empty list, and a program is refused', () => {
    const bytes = readFileSync(
      workshop.build('windows-x64', 'static int unused;\nint *use(void) { return &unused; }\n'),
    );
    expect(inspectBytes(bytes).exports).toEqual([]);
    const characteristics = bytes.readUInt32LE(60) + 22;
    bytes.writeUInt16LE(bytes.readUInt16LE(characteristics) & ~0x2000, characteristics);
    expect(() => inspectBytes(bytes)).toThrow(
      expect.objectContaining({
        code: 'ERR_TENON_NOT_A_LIBRARY',
        message: expect.stringContaining('expected a DLL'),
      }),
    );
  });
});

test('an address of a DLL is code, constant data or neither, for the report of a crash', () => {
  const path = workshop.build('mingw-x64', SAMPLE, { name: 'places' });
  const addresses = new Map(inspectFileSync(path).exports.map(({ name, address }) => [name, address]));
  const at = (name: string) => Number(addresses.get(name) ?? 0);
  const found = placesIn(path, [at('get_name') + 1, at('tenon_descriptor'), at('sample_data'), 2 ** 30]);
  expect(found.map(({ kind }) => kind)).toEqual(['code', 'constant', 'outside', 'outside']);
  expect(found[0]).toMatchObject({ name: null, offset: 0 });
});

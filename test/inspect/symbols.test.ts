import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TenonError } from '../../src/base/errors.js';
import { MemorySource } from '../../src/inspect/source.js';
import { placesIn, placesOf, variablesIn } from '../../src/inspect/symbols.js';
import { compile, faultFile, pluginFile, temporaryFolder } from '../support/index.js';
import { tryable } from '../support/tools.js';

interface Function {
  readonly address: number;
  readonly size: number;
  readonly names: string[];
}

/** Returns the functions of a library that `nm` lists. A function may have several names. */
function functionsOf(path: string, ...flags: string[]): Function[] {
  const text = execFileSync('nm', ['-S', '--defined-only', ...flags, path], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  const found = new Map<string, Function>();
  for (const line of text.split('\n')) {
    const [, address = '', size = '', name = ''] = /^([0-9a-f]+) ([0-9a-f]+) [tTwW] (\S+)$/.exec(line) ?? [];
    if (name === '') continue;
    const known = found.get(address) ?? {
      address: Number.parseInt(address, 16),
      size: Number.parseInt(size, 16),
      names: [],
    };
    known.names.push(name.replace(/@.*$/, ''));
    found.set(address, known);
  }
  return [...found.values()].sort((one, other) => one.address - other.address);
}

/** Returns the functions that do not overlap with another one. */
function apart(functions: Function[]): Function[] {
  return functions.filter((one, index) => {
    const before = functions[index - 1];
    const after = functions[index + 1];
    return (
      (before === undefined || before.address + before.size <= one.address) &&
      (after === undefined || one.address + one.size <= after.address)
    );
  });
}

describe('the first and the last byte of each function that nm lists belong to that function', () => {
  const files = tryable(
    [faultFile('process-segfault'), pluginFile('gzip'), pluginFile('grep')],
    (file) => file,
    (file) => (file === pluginFile('grep') ? ['cargo'] : []),
  );
  test.each(files)('%s', (file) => {
    const functions = apart(functionsOf(file)).filter(
      (_, index, all) => all.length < 200 || index % 37 === 0,
    );
    expect(functions.length).toBeGreaterThan(2);
    const first = placesIn(
      file,
      functions.map(({ address }) => address),
    );
    const last = placesIn(
      file,
      functions.map(({ address, size }) => address + size - 1),
    );
    functions.forEach(({ names, size }, index) => {
      expect(names).toContain(first[index]?.name);
      expect(first[index]).toMatchObject({ kind: 'code', offset: 0 });
      expect(names).toContain(last[index]?.name);
      expect(last[index]).toMatchObject({ kind: 'code', offset: size - 1 });
    });
  });
});

test('in a stripped library, exported functions have a name and all others have none', () => {
  const file = join(temporaryFolder(), 'stripped.so');
  cpSync(faultFile('process-segfault'), file);
  const call = functionsOf(file).find(({ names }) => names.includes('call'));
  const exported = functionsOf(file, '-D').find(({ names }) => names.includes('get_plugin'));
  execFileSync('strip', [file]);
  expect(placesIn(file, [call?.address ?? 0, exported?.address ?? 0])).toEqual([
    { kind: 'code', name: null, offset: 0 },
    { kind: 'code', name: 'get_plugin', offset: 0 },
  ]);
});

test('addresses in constant memory are distinguished from addresses outside the library', () => {
  expect(placesIn(faultFile('process-segfault'), [0x2020, 0, -1, 2 ** 39]).map(({ kind }) => kind)).toEqual([
    'constant',
    'constant',
    'outside',
    'outside',
  ]);
});

test.each([
  ['a missing file', '/nowhere/x.so'],
  ['a folder', '/'],
  ['a file that is not a library', import.meta.filename],
])('an address in %s is outside the library', (_, path) => {
  expect(placesIn(path, [0x1000])).toEqual([{ kind: 'outside', name: null, offset: 0 }]);
});

test('a damaged file results in places or a TenonError', () => {
  const bytes = readFileSync(faultFile('process-segfault'));
  const edit = fc.tuple(fc.nat(bytes.length - 1), fc.nat(255));
  const change = fc.tuple(fc.array(edit, { maxLength: 12 }), fc.integer({ min: 0, max: bytes.length }));
  fc.assert(
    fc.property(change, ([edits, end]) => {
      const damaged = Buffer.from(bytes);
      for (const [at, value] of edits) damaged[at] = value;
      try {
        placesOf(
          new MemorySource('damaged', damaged.subarray(0, end % 7 === 0 ? end : bytes.length)),
          [0x1150, 0x11c0],
        );
      } catch (error) {
        expect(error).toBeInstanceOf(TenonError);
      }
    }),
    { numRuns: 3000 },
  );
});

test('section headers at an invalid offset are ignored', () => {
  const bytes = readFileSync(faultFile('process-segfault'));
  const file = join(temporaryFolder(), 'lies.so');
  for (const offset of [2n ** 62n, BigInt(bytes.length) - 8n]) {
    bytes.writeBigUInt64LE(offset, 40);
    writeFileSync(file, bytes);
    expect(placesIn(file, [0x1150])).toEqual([{ kind: 'code', name: null, offset: 0 }]);
  }
});

test.skipIf(process.platform !== 'linux')(
  'variables have the names of their symbols, and none in a stripped library',
  () => {
    const folder = temporaryFolder();
    const source = 'static int first[4], second; int *pick(int i) { return i < 4 ? &first[i] : &second; }';
    const library = compile(folder, 'variables', source, ['-fvisibility=default']);
    const listed = execFileSync('nm', [library], { encoding: 'utf8' });
    const addressOf = (name: string) =>
      Number.parseInt(new RegExp(`^([0-9a-f]+) b ${name}$`, 'm').exec(listed)?.[1] ?? '', 16);
    const addresses = [addressOf('first'), addressOf('first') + 12, addressOf('second'), 0];
    expect(variablesIn(library, addresses)).toEqual(['first', 'first', 'second', null]);
    execFileSync('strip', [library]);
    expect(variablesIn(library, addresses)).toEqual([null, null, null, null]);
    expect(variablesIn(join(folder, 'absent'), [1])).toEqual([null]);
  },
);

/** Files that are well-formed enough to be parsed and are made to be as expensive as possible. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { inspectBytes } from '../../src/inspect/index.js';
import { INSPECT_LIMITS, MemorySource } from '../../src/inspect/source.js';
import { SAMPLE, Workshop } from './compilers.js';

const workshop = new Workshop();
const refusal = (message: RegExp) =>
  expect.objectContaining({ code: 'ERR_TENON_NOT_A_LIBRARY', message: expect.stringMatching(message) });

const HEADERS = 64 + 2 * 56;
const DYNAMIC = { hash: 4, strtab: 5, symtab: 6, strSize: 10 } as const;

/** Returns an ELF file with a SysV hash table of `count` symbols that share a name of `nameLength` bytes. */
function manySymbols(count: number, nameLength: number): Buffer {
  const dynamic = Buffer.alloc(5 * 16);
  const hash = Buffer.alloc(8);
  const symtab = Buffer.alloc(count * 24);
  const strtab = Buffer.alloc(nameLength + 2, 'n');
  strtab[0] = 0;
  strtab[nameLength + 1] = 0;
  const hashAt = HEADERS + dynamic.length;
  const symtabAt = hashAt + hash.length;
  const strtabAt = symtabAt + symtab.length;
  const entries = [
    DYNAMIC.hash,
    hashAt,
    DYNAMIC.symtab,
    symtabAt,
    DYNAMIC.strtab,
    strtabAt,
    DYNAMIC.strSize,
    strtab.length,
  ];
  for (const [index, entry] of entries.entries()) dynamic.writeBigUInt64LE(BigInt(entry), index * 8);
  hash.writeUInt32LE(1, 0);
  hash.writeUInt32LE(count, 4);
  for (let at = 24; at < symtab.length; at += 24) {
    symtab.writeUInt32LE(1, at);
    symtab.writeUInt8(0x12, at + 4);
    symtab.writeUInt16LE(1, at + 6);
  }
  const file = Buffer.concat([headers(dynamic.length), dynamic, hash, symtab, strtab]);
  file.writeBigUInt64LE(BigInt(file.length), 64 + 32);
  file.writeBigUInt64LE(BigInt(file.length), 64 + 40);
  return file;
}

/**
 * Returns the ELF header and two program headers: a loadable segment of the whole file, whose size the caller
 * writes, and the dynamic segment.
 */
function headers(dynamicSize: number): Buffer {
  const bytes = Buffer.alloc(HEADERS);
  bytes.write('\x7fELF\x02\x01\x01', 'latin1');
  bytes.writeUInt16LE(3, 16);
  bytes.writeUInt16LE(62, 18);
  bytes.writeBigUInt64LE(64n, 32);
  bytes.writeUInt16LE(56, 54);
  bytes.writeUInt16LE(2, 56);
  bytes.writeUInt32LE(1, 64);
  bytes.writeUInt32LE(2, 120);
  for (const at of [8, 16]) bytes.writeBigUInt64LE(BigInt(HEADERS), 120 + at);
  for (const at of [32, 40]) bytes.writeBigUInt64LE(BigInt(dynamicSize), 120 + at);
  return bytes;
}

describe('the work for one file is bounded', () => {
  test('symbols that share a long name are read up to a total length of their names', () => {
    expect(inspectBytes(manySymbols(1000, 60_000)).exports).toEqual([
      expect.objectContaining({ type: 'function', address: 0 }),
    ]);
    expect(() => inspectBytes(manySymbols(2000, 60_000))).toThrow(
      refusal(/names of its symbols are too long/),
    );
  });

  test('too many symbols are refused', () => {
    expect(() => inspectBytes(manySymbols(INSPECT_LIMITS.symbols + 1, 1))).toThrow(
      refusal(/states 1048577 symbols/),
    );
  });

  test('too many segments or sections are refused', () => {
    const elf = manySymbols(400, 1);
    elf.writeUInt16LE(INSPECT_LIMITS.segments + 1, 56);
    expect(() => inspectBytes(elf)).toThrow(refusal(/states 257 program headers/));
    const pe = readFileSync(workshop.build('windows-x64', SAMPLE));
    pe.writeUInt16LE(INSPECT_LIMITS.segments + 1, pe.readUInt32LE(60) + 6);
    expect(() => inspectBytes(pe)).toThrow(refusal(/states 257 sections/));
  });

  test('a cycle in the chain of a SysV hash table is not followed', () => {
    const bytes = manySymbols(3, 1);
    const hashAt = HEADERS + 80;
    // The hash table overlaps the symbols. Its only bucket starts at symbol 1, whose successor is itself.
    bytes.writeUInt32LE(1, hashAt + 8);
    bytes.writeUInt32LE(1, hashAt + 16);
    expect(inspectBytes(bytes, 'circle.so', { exports: 'entry-points' }).exports).toEqual([]);
  });

  test('an export trie with an edge to its root is refused', () => {
    const bytes = readFileSync(workshop.build('macos-x64', SAMPLE));
    const at = bytes.indexOf(Buffer.from('2200008030000000', 'hex'));
    expect(at).toBeGreaterThan(0);
    const trie = bytes.readUInt32LE(at + 40);
    // A root without an export and with one edge `a` to node 0.
    Buffer.from('0001610000', 'hex').copy(bytes, trie);
    expect(() => inspectBytes(bytes)).toThrow(refusal(/export trie has a loop/));
  });

  test('the total number of bytes read is limited', () => {
    const source = new MemorySource('again.so', Buffer.alloc(16 * 1024 * 1024));
    const readAll = () => source.read(0, source.size, 'everything');
    for (let left = INSPECT_LIMITS.readBytes / source.size; left > 0; left -= 1) readAll();
    expect(readAll).toThrow(refusal(/more work than for any real library/));
  });

  test('a string without a terminator is refused', () => {
    const source = new MemorySource('long.so', Buffer.alloc(1024 * 1024, 'a'));
    expect(() => source.cString(10, source.size, 'a name')).toThrow(
      refusal(/a name at offset 10 is not terminated/),
    );
    expect(() => source.cString(-1, source.size, 'a name')).toThrow(refusal(/not terminated/));
    expect(() => source.cString(2 ** 60, source.size, 'a name')).toThrow(refusal(/not terminated/));
  });
});

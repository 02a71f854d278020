/** Hostile input: any bytes result in facts or a TenonError, within a short time. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TenonError } from '../../src/base/errors.js';
import { findDescriptor } from '../../src/inspect/descriptor.js';
import { readElf } from '../../src/inspect/elf.js';
import type { BinaryFormat } from '../../src/inspect/facts.js';
import {
  checkDescriptor,
  checkEntryPoints,
  checkPlatform,
  checkStaticVTable,
  inspectBytes,
} from '../../src/inspect/index.js';
import { readMacho } from '../../src/inspect/macho.js';
import { readPe } from '../../src/inspect/pe.js';
import { MemorySource } from '../../src/inspect/source.js';
import { staticVTable } from '../../src/inspect/vtable.js';
import { tryable } from '../support/tools.js';
import { CPU, SAMPLE, type Target, toolsOf, universal, Workshop } from './compilers.js';

const workshop = new Workshop();
const RUNS = 15_000;
const SEED = 0x7e909;

const NARROW = '__attribute__((visibility("default"))) int answer(void) { return 42; }\n';

interface Original {
  readonly name: string;
  readonly format: BinaryFormat;
  readonly target: Target;
  readonly source?: string;
  readonly link?: string[];
}

const NUMBER = '__declspec(dllexport) int number;\n';
const ALL: readonly Original[] = [
  { name: 'ELF x64', format: 'elf', target: 'linux-x64', link: ['-s'] },
  {
    name: 'ELF x64 with the SysV hash table',
    format: 'elf',
    target: 'linux-x64',
    link: ['-s', '-Wl,--hash-style=sysv'],
  },
  {
    name: 'ELF arm64 with packed relocations',
    format: 'elf',
    target: 'linux-arm64',
    link: ['-s', '--pack-dyn-relocs=relr', '-Bsymbolic'],
  },
  { name: 'ELF 32 bits', format: 'elf', target: 'linux-ia32', source: NARROW },
  { name: 'ELF big-endian', format: 'elf', target: 'linux-mips', source: NARROW },
  { name: 'PE x64', format: 'pe', target: 'windows-x64' },
  { name: 'PE x64 with imports', format: 'pe', target: 'mingw-x64', link: ['-s'] },
  { name: 'PE 32 bits', format: 'pe', target: 'mingw-ia32', source: NUMBER, link: ['-s'] },
  { name: 'Mach-O x64', format: 'macho', target: 'macos-x64', link: ['-rpath', '@loader_path'] },
  { name: 'Mach-O arm64', format: 'macho', target: 'macos-arm64' },
];

const made = tryable(
  ALL,
  ({ name }) => `mutations of ${name}`,
  ({ target }) => toolsOf(target),
).map(({ name, format, target, source = SAMPLE, link = [] }) => {
  const file = workshop.build(target, source, { name: 'original', link });
  return { name, format, target, bytes: readFileSync(file) };
});
const ORIGINALS = [...made, ...universals()];

/** Returns the universal binary of the Mach-O files, if they could be built. */
function universals(): (Omit<(typeof made)[number], 'bytes'> & { bytes: Buffer })[] {
  const bytesOf = (wanted: Target) => made.find(({ target }) => target === wanted)?.bytes;
  const [x64, arm64] = [bytesOf('macos-x64'), bytesOf('macos-arm64')];
  if (x64 === undefined || arm64 === undefined) return [];
  const slices = [
    { cpu: CPU.x64, bytes: x64 },
    { cpu: CPU.arm64, bytes: arm64 },
  ];
  return [{ name: 'Mach-O universal', format: 'macho', target: 'macos-x64', bytes: universal(slices) }];
}

/** A source that records its reads: only changes to bytes that an inspection reads can have an effect. */
class RecordingSource extends MemorySource {
  readonly reads: { readonly offset: number; readonly length: number }[] = [];

  override read(offset: number, length: number, what: string): Buffer {
    const bytes = super.read(offset, length, what);
    if (length > 0) this.reads.push({ offset, length });
    return bytes;
  }
}

/** Returns the distinct ranges of a file that its inspection reads. */
function interesting(format: BinaryFormat, bytes: Buffer): readonly { offset: number; length: number }[] {
  const source = new RecordingSource('original', bytes);
  const reader = { elf: readElf, pe: readPe, macho: readMacho }[format];
  const image = reader(source, { arch: 'x64', exports: 'all' });
  findDescriptor(image);
  staticVTable(image);
  return [...new Map(source.reads.map((read) => [`${read.offset} ${read.length}`, read])).values()];
}

const stretches = ORIGINALS.map(({ format, bytes }) => interesting(format, bytes));

/** Values at which arithmetic often fails, and random values. */
const value = fc.oneof(
  fc.constantFrom(
    0n,
    1n,
    2n,
    7n,
    0x7fn,
    0x80n,
    0xffn,
    0xffffn,
    0x7fffffffn,
    0x80000000n,
    0xffffffffn,
    0xffffffffffffffffn,
  ),
  fc.constantFrom(
    8n,
    0x1000n,
    0x10000n,
    0x100000000n,
    0x7fffffffffffffffn,
    0x8000000000000000n,
    0xfffffffffffff000n,
  ),
  fc.bigInt({ min: 0n, max: 0x20000n }),
  fc.bigInt({ min: 0n, max: 0xffffffffffffffffn }),
);

/**
 * A place to write to: a range of the file and an offset in it, both below 2^16. Some are anywhere in the
 * file.
 */
const place = fc.record({
  anywhere: fc.integer({ min: 0, max: 9 }),
  stretch: fc.nat(0xffff),
  within: fc.nat(0xffff),
});
const edit = fc.record({ place, value, width: fc.constantFrom(1, 1, 2, 4, 4, 8) });
const mutation = fc.record({
  original: fc.nat(ORIGINALS.length - 1),
  edits: fc.array(edit, { maxLength: 6 }),
  /** The fraction of the file that is kept. It is 1 for most files. */
  kept: fc.oneof(
    { weight: 4, arbitrary: fc.constant(1) },
    { weight: 1, arbitrary: fc.double({ min: 0, max: 1, noNaN: true }) },
  ),
});
type Mutation = typeof mutation extends fc.Arbitrary<infer T> ? T : never;

function mutated({ original, edits, kept }: Mutation): Buffer {
  const bytes = Buffer.from(ORIGINALS[original]?.bytes ?? Buffer.alloc(0));
  for (const { place, value, width } of edits) {
    const at = Math.min(
      offsetOf(place, stretches[original] ?? [], bytes.length, width),
      bytes.length - width,
    );
    for (let index = 0; index < width; index += 1)
      bytes[at + index] = Number((value >> BigInt(index * 8)) & 0xffn);
  }
  return bytes.subarray(0, Math.floor(bytes.length * kept));
}

function offsetOf(
  { anywhere, stretch, within }: Mutation['edits'][number]['place'],
  stretches: readonly { offset: number; length: number }[],
  size: number,
  width: number,
): number {
  const chosen = stretches[stretch % stretches.length];
  if (anywhere === 0 || chosen === undefined) return Math.floor((within / 0x10000) * size);
  // Most fields are aligned to their width.
  const inside = within % chosen.length;
  return chosen.offset + (anywhere === 1 ? inside : inside - (inside % width));
}

const CODES: ReadonlySet<string> = new Set(['ERR_TENON_NOT_A_LIBRARY']);
const CHECK_CODES: ReadonlySet<string> = new Set([
  'ERR_TENON_WRONG_PLATFORM',
  'ERR_TENON_MISSING_SYMBOL',
  'ERR_TENON_BAD_SYMBOL',
  'ERR_TENON_BAD_DESCRIPTOR',
  'ERR_TENON_BAD_VTABLE',
]);

/** Runs `body` and checks that it throws only a TenonError with one of the codes and without a cause. */
function refusesOnly<T>(codes: ReadonlySet<string>, body: () => T): T | undefined {
  try {
    return body();
  } catch (error) {
    if (!(error instanceof TenonError) || !codes.has(error.code) || error.cause !== undefined) throw error;
    expect(error.message).toMatch(/^Cannot load x\.so: .+\.$/s);
    return undefined;
  }
}

function survive(bytes: Buffer, exports: 'all' | 'entry-points'): boolean {
  const facts = refusesOnly(CODES, () => inspectBytes(bytes, 'x.so', { arch: 'x64', exports }));
  if (facts === undefined) return false;
  for (const check of [checkPlatform, checkEntryPoints, checkDescriptor, checkStaticVTable]) {
    refusesOnly(CHECK_CODES, () => check(facts));
  }
  JSON.stringify(facts);
  return true;
}

describe('a changed file', () => {
  test('the originals have exports, and inspection reads many ranges of each', () => {
    for (const [index, { name, bytes }] of ORIGINALS.entries()) {
      expect(inspectBytes(bytes, 'x.so', { arch: 'x64' }).exports.length, name).toBeGreaterThan(0);
      expect(stretches[index]?.length, name).toBeGreaterThan(5);
    }
  });

  test(`${RUNS} mutations and truncations each result in facts or a refusal`, () => {
    const outcomes = { facts: 0, refused: 0 };
    const property = fc.property(
      mutation,
      fc.constantFrom('all' as const, 'entry-points' as const),
      (change, exports) => {
        outcomes[survive(mutated(change), exports) ? 'facts' : 'refused'] += 1;
      },
    );
    fc.assert(property, { numRuns: RUNS, seed: SEED });
    // If nearly all files were refused, only the parsing of headers would be tested.
    expect(outcomes.facts).toBeGreaterThan(RUNS / 5);
    expect(outcomes.refused).toBeGreaterThan(RUNS / 5);
  });

  test('a file that ends at or inside any structure results in facts or a refusal', () => {
    for (const [index, { bytes }] of ORIGINALS.entries()) {
      const ends = new Set(
        (stretches[index] ?? []).flatMap(({ offset, length }) => [offset, offset + 1, offset + length - 1]),
      );
      for (const end of ends) survive(bytes.subarray(0, end), 'all');
    }
  });

  test('random bytes after any magic number result in facts or a refusal', () => {
    const magics = ['7f454c46020101', '4d5a', 'cffaedfe', 'feedfacf', 'cafebabe', 'cafebabf', ''].map((hex) =>
      Buffer.from(hex, 'hex'),
    );
    const property = fc.property(
      fc.constantFrom(...magics),
      fc.uint8Array({ maxLength: 400 }),
      (magic, rest) => {
        survive(Buffer.concat([magic, rest]), 'all');
      },
    );
    fc.assert(property, { numRuns: 2000, seed: SEED });
  });
});

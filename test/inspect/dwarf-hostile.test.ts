/** Damaged debug information, and information that is made to be expensive: places or null, in bounded time. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { TenonError } from '../../src/base/errors.js';
import { type SourcePlace, sourcePlacesOf } from '../../src/inspect/dwarf/index.js';
import { MemorySource } from '../../src/inspect/source.js';
import { hasProgram } from './programs.js';

const folder = mkdtempSync(join(tmpdir(), 'tenon-dwarf-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const RUNS = 20_000;
const SEED = 0x7e909;
/** Milliseconds for one lookup. On an idle machine the worst takes a tenth of it. */
const LIMIT_MS = 2000;

const SOURCE = `static inline int inner(int x) { volatile int y = x; return y * 3; }
static inline int middle(int x) { return inner(x) + inner(x + 1); }
__attribute__((visibility("default"))) int entry(int n) {
  int sum = 0;
  for (int i = 0; i < n; i++) sum += middle(i);
  return sum;
}
`;
writeFileSync(join(folder, 'source.c'), SOURCE);

const run = (program: string, ...args: string[]): string =>
  execFileSync(program, args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

function build(name: string, compiler: string, ...flags: string[]): Buffer {
  run(compiler, '-shared', '-fPIC', '-nostdlib', ...flags, 'source.c', '-o', name);
  return readFileSync(join(folder, name));
}

const VARIANTS: readonly (readonly [compiler: string, flags: readonly string[]])[] = [
  ['gcc', ['-O2', '-gdwarf-5']],
  ['gcc', ['-O2', '-gdwarf-4']],
  ['gcc', ['-O2', '-g', '-gz']],
  ['clang', ['-O2', '-gdwarf-5']],
  ['clang', ['-O1', '-gdwarf-2', '-gstrict-dwarf']],
  ['clang', ['-O2', '-g', '-gsplit-dwarf']],
];
const ORIGINALS = VARIANTS.filter(([compiler]) => hasProgram(compiler)).map(([compiler, flags], i) =>
  build(`original-${i}.so`, compiler, ...flags),
);

/** Addresses throughout the code, which is smaller than a page. */
const ADDRESSES = Array.from({ length: 24 }, (_, i) => 0x1000 + 5 * i);

/** The places, or null if the file is refused. Any other error fails the test. */
function look(bytes: Buffer): (SourcePlace | null)[] | null {
  const since = performance.now();
  try {
    return sourcePlacesOf(new MemorySource('hostile.so', bytes), ADDRESSES);
  } catch (error) {
    if (error instanceof TenonError) return null;
    throw error;
  } finally {
    expect(performance.now() - since).toBeLessThan(LIMIT_MS);
  }
}

/** The debug sections and their headers in the file. */
function sectionsOf(bytes: Buffer): readonly { readonly offset: number; readonly size: number }[] {
  const start = Number(bytes.readBigUInt64LE(40));
  const count = bytes.readUInt16LE(60);
  const headers = Array.from({ length: count }, (_, i) => start + 64 * i);
  const names = Number(bytes.readBigUInt64LE((headers[bytes.readUInt16LE(62)] ?? 0) + 24));
  return headers.flatMap((at) => {
    const from = names + bytes.readUInt32LE(at);
    const name = bytes.toString('latin1', from, bytes.indexOf(0, from));
    const place = {
      offset: Number(bytes.readBigUInt64LE(at + 24)),
      size: Number(bytes.readBigUInt64LE(at + 32)),
    };
    return name.startsWith('.debug_') && place.size > 0
      ? [place, place, place, place, { offset: at, size: 64 }]
      : [];
  });
}

test('the originals have lines', () => {
  expect(ORIGINALS.length).toBeGreaterThan(2);
  for (const bytes of ORIGINALS) {
    const lines = look(bytes)?.filter((place) => place?.line != null) ?? [];
    expect(lines.length).toBeGreaterThan(5);
  }
});

describe('damaged debug information', () => {
  const change = fc.record({
    original: fc.nat(ORIGINALS.length - 1),
    edits: fc.array(
      fc.record({
        section: fc.nat(1000),
        at: fc.nat(999_999).map((part) => part / 1_000_000),
        value: fc.oneof(fc.constantFrom(0, 1, 0x7f, 0x80, 0xff), fc.integer({ min: 0, max: 255 })),
        length: fc.constantFrom(1, 1, 1, 2, 4, 8, 16),
      }),
      { minLength: 1, maxLength: 3 },
    ),
    cut: fc.oneof(
      { weight: 20, arbitrary: fc.constant(null) },
      { weight: 1, arbitrary: fc.double({ min: 0, max: 1, noNaN: true }) },
    ),
  });
  const places = ORIGINALS.map(sectionsOf);

  test(`${RUNS} mutations yield places or null`, () => {
    let [told, refused] = [0, 0];
    fc.assert(
      fc.property(change, ({ original, edits, cut }) => {
        const bytes = Buffer.from(ORIGINALS[original] ?? Buffer.alloc(0));
        const sections = places[original] ?? [];
        for (const { section, at, value, length } of edits) {
          const { offset, size } = sections[section % sections.length] ?? { offset: 0, size: 1 };
          const from = offset + Math.floor(at * size);
          bytes.fill(value, from, from + length);
        }
        const found = look(cut === null ? bytes : bytes.subarray(0, Math.floor(cut * bytes.length)));
        if (found?.some((place) => place !== null)) told += 1;
        else refused += 1;
      }),
      { numRuns: RUNS, seed: SEED },
    );
    // Otherwise most mutations would not get past the headers.
    expect(told).toBeGreaterThan(RUNS / 5);
    expect(refused).toBeGreaterThan(RUNS / 50);
  });
});

/** A library with other contents in some of its sections. */
function withSections(
  name: string,
  contents: Readonly<Record<string, Buffer>>,
  original = 'original-1.so',
): Buffer {
  const args = Object.entries(contents).flatMap(([section, bytes]) => {
    const file = join(folder, `${name}${section}`);
    writeFileSync(file, bytes);
    return ['--update-section', `${section}=${file}`];
  });
  run('objcopy', ...args, original, `${name}.so`);
  return readFileSync(join(folder, `${name}.so`));
}

/** A unit of version 4 with its abbreviations at offset 0. */
function unit(entries: Buffer): Buffer {
  const head = Buffer.alloc(11);
  head.writeUInt32LE(7 + entries.length, 0);
  head.writeUInt16LE(4, 4);
  head.writeUInt8(8, 10);
  return Buffer.concat([head, entries]);
}

/** A root entry with all addresses, and with its line table at offset 0. */
const ROOT = Buffer.concat([Buffer.from([1]), word(0x1000), word(0x1000), Buffer.alloc(4)]);
/** Code, tag, children, then names and forms. */
const ROOT_ABBREVIATION = [1, 0x11, 1, 0x11, 0x01, 0x12, 0x07, 0x10, 0x17, 0, 0];

function word(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

/** A line table of version 4 with the program. */
function lines(program: Buffer): Buffer {
  const head = Buffer.from([
    1, 1, 1, 0xfb, 14, 13, 0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1, 0, 0x61, 0, 0, 0, 0, 0,
  ]);
  const sizes = Buffer.alloc(10);
  sizes.writeUInt32LE(6 + head.length + program.length, 0);
  sizes.writeUInt16LE(4, 4);
  sizes.writeUInt32LE(head.length, 6);
  return Buffer.concat([sizes, head, program]);
}

describe.runIf(hasProgram('objcopy') && hasProgram('gcc'))(
  'debug information that is made to be expensive',
  () => {
    const MEGABYTES = 16 << 20;
    const NO_INDEX = Buffer.alloc(0);
    const setAddress = Buffer.concat([Buffer.from([0, 9, 2]), word(0x1000)]);

    test('a program of millions of lines', () => {
      const program = Buffer.concat([setAddress, Buffer.alloc(MEGABYTES, 0xff)]);
      look(
        withSections('long-program', {
          '.debug_line': lines(program),
          '.debug_info': unit(ROOT),
          '.debug_abbrev': Buffer.from(ROOT_ABBREVIATION),
          '.debug_aranges': NO_INDEX,
        }),
      );
    });

    test('a program that repeats the same addresses', () => {
      const program = Buffer.alloc(8 << 20);
      const round = Buffer.concat([setAddress, Buffer.from([1, 2, 0x80, 0x01, 1])]);
      for (let at = 0; at + round.length < program.length; at += round.length) round.copy(program, at);
      look(
        withSections('rounds', {
          '.debug_line': lines(program),
          '.debug_info': unit(ROOT),
          '.debug_abbrev': Buffer.from(ROOT_ABBREVIATION),
          '.debug_aranges': NO_INDEX,
        }),
      );
    });

    test('millions of entries with hundreds of attributes without bytes', () => {
      const attributes = Array.from({ length: 250 }, () => [0x3c, 0x19]).flat();
      const abbreviations = Buffer.from([...ROOT_ABBREVIATION, 2, 0x2e, 0, ...attributes, 0, 0, 0]);
      look(
        withSections('flags', {
          '.debug_info': unit(Buffer.concat([ROOT, Buffer.alloc(MEGABYTES, 2)])),
          '.debug_abbrev': abbreviations,
          '.debug_aranges': NO_INDEX,
        }),
      );
      const many = Array.from({ length: 100_000 }, () => [0x3c, 0x19]).flat();
      look(
        withSections('more-flags', {
          '.debug_info': unit(Buffer.concat([ROOT, Buffer.alloc(MEGABYTES, 2)])),
          '.debug_abbrev': Buffer.from([...ROOT_ABBREVIATION, 2, 0x2e, 0, ...many, 0, 0, 0]),
          '.debug_aranges': NO_INDEX,
        }),
      );
    });

    test('deeply nested entries', () => {
      const abbreviations = Buffer.from([...ROOT_ABBREVIATION, 2, 0x39, 1, 0, 0, 0]);
      look(
        withSections('deep', {
          '.debug_info': unit(Buffer.concat([ROOT, Buffer.alloc(MEGABYTES, 2)])),
          '.debug_abbrev': abbreviations,
          '.debug_aranges': NO_INDEX,
        }),
      );
    });

    test('millions of functions with one long list of ranges', () => {
      const list = Buffer.alloc(16 * 10_000);
      for (let at = 0; at < list.length; at += 16) list.writeBigUInt64LE(1n, at + 8);
      const abbreviations = Buffer.from([...ROOT_ABBREVIATION, 2, 0x2e, 0, 0x55, 0x0b, 0, 0, 0]);
      const entries = Buffer.alloc(4 << 20);
      for (let at = 0; at < entries.length; at += 2) entries[at] = 2;
      look(
        withSections(
          'ranges',
          {
            '.debug_info': unit(Buffer.concat([ROOT, entries])),
            '.debug_abbrev': abbreviations,
            '.debug_ranges': Buffer.concat([list, Buffer.alloc(16)]),
            '.debug_aranges': NO_INDEX,
          },
          'original-1.so',
        ),
      );
    });

    test('functions that are inlined into themselves', () => {
      const abbreviations = Buffer.from([
        ...ROOT_ABBREVIATION,
        2,
        0x2e,
        1,
        0x11,
        0x01,
        0x12,
        0x07,
        0x31,
        0x13,
        0,
        0,
        3,
        0x1d,
        1,
        0x11,
        0x01,
        0x12,
        0x07,
        0x31,
        0x13,
        0,
        0,
        0,
      ]);
      const body = (code: number, origin: number) =>
        Buffer.concat([Buffer.from([code]), word(0x1000), word(0x1000), Buffer.from([origin, 0, 0, 0])]);
      const start = 11 + ROOT.length;
      const entries = Buffer.concat([
        ROOT,
        body(2, start),
        ...Array.from({ length: 500 }, () => body(3, start)),
      ]);
      const found = look(
        withSections('circle', {
          '.debug_info': unit(entries),
          '.debug_abbrev': abbreviations,
          '.debug_aranges': NO_INDEX,
        }),
      );
      expect(found?.[0]?.inlined.every((one) => one.function === null)).toBe(true);
      expect(found?.[0]?.inlined.length).toBeLessThanOrEqual(32);
    });

    test('an index without an end, and units of no length', () => {
      const set = Buffer.alloc(32);
      set.writeUInt32LE(28, 0);
      set.writeUInt16LE(2, 4);
      set.writeUInt8(0, 10);
      look(
        withSections('index', {
          '.debug_aranges': Buffer.concat(Array.from({ length: 100_000 }, () => set)),
        }),
      );
      set.writeUInt8(8, 10);
      look(
        withSections('index-8', {
          '.debug_aranges': Buffer.concat(Array.from({ length: 300_000 }, () => set)),
        }),
      );
      look(withSections('units', { '.debug_info': Buffer.alloc(MEGABYTES), '.debug_aranges': NO_INDEX }));
      const small = Buffer.alloc(11);
      small.writeUInt32LE(7);
      look(
        withSections('small-units', {
          '.debug_info': Buffer.concat(Array.from({ length: 500_000 }, () => small)),
          '.debug_aranges': NO_INDEX,
        }),
      );
    });

    test('a section that grows a thousandfold when decompressed', () => {
      const header = Buffer.alloc(24);
      header.writeUInt32LE(1, 0);
      for (const claimed of [1000, 15 << 20, 2 ** 40]) {
        header.writeBigUInt64LE(BigInt(claimed), 8);
        const bomb = withSections(`bomb-${claimed}`, {
          '.debug_line': Buffer.concat([header, deflateSync(Buffer.alloc(200 << 20))]),
        });
        const table = Number(bomb.readBigUInt64LE(40));
        for (let at = table; at < table + 64 * bomb.readUInt16LE(60); at += 64) {
          if (Number(bomb.readBigUInt64LE(at + 32)) > 100_000) bomb.writeBigUInt64LE(0x800n, at + 8);
        }
        expect(look(bomb)?.every((place) => place === null || place.line === null)).not.toBe(false);
      }
    });
  },
);

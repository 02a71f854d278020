import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TenonError } from '../../src/base/errors.js';
import type { FieldLayout, Layout } from '../../src/kinds/flat-layout.js';
import { type FieldType, MAX_RECORD_SIZE, SCALAR_SIZE, type Scalar } from '../../src/kinds/layout.js';
import { compileRecord } from '../../src/kinds/typed-record.js';
import { loopback } from '../support/record-loopback.js';
import { type FlatFields as Fields, layoutOf } from './layout-of.js';

const SCALARS = Object.keys(SCALAR_SIZE) as Scalar[];
const C_TYPES: Record<Scalar, string> = {
  i8: 'int8_t',
  u8: 'uint8_t',
  i16: 'int16_t',
  u16: 'uint16_t',
  i32: 'int32_t',
  u32: 'uint32_t',
  i64: 'int64_t',
  u64: 'uint64_t',
  f32: 'float',
  f64: 'double',
  bool: 'bool',
};

const scalar = fc.constantFrom(...SCALARS);
const fieldType: fc.Arbitrary<FieldType> = fc.oneof(
  { weight: 3, arbitrary: scalar },
  {
    weight: 1,
    arbitrary: fc.tuple(scalar, fc.integer({ min: 1, max: 40 })).map(([type, n]) => `${type}[${n}]` as const),
  },
);
const fieldsArbitrary: fc.Arbitrary<Fields> = fc
  .array(fieldType, { minLength: 1, maxLength: 12 })
  .map((types) => Object.fromEntries(types.map((type, i) => [`m${i}`, type])));

/** 200 random structs, the same in every run. */
const structs = fc
  .sample(fieldsArbitrary, { seed: 20_240, numRuns: 200 })
  .map((fields) => ({ fields, layout: layoutOf(fields) }));

const declare = ({ name, scalar, length }: FieldLayout): string =>
  `${C_TYPES[scalar]} ${name}${length === null ? '' : `[${length}]`};`;

/**
 * Returns the source of a program with two modes. Without an argument it prints the size, alignment and
 * offsets of each struct. With an argument it reads each struct from stdin, copies it member by member, and
 * writes the copy to stdout.
 */
function programFor(layouts: readonly Layout[]): string {
  const lines = [
    '#include <stdalign.h>',
    '#include <stdbool.h>',
    '#include <stddef.h>',
    '#include <stdint.h>',
    '#include <stdio.h>',
    '#include <string.h>',
  ];
  layouts.forEach(({ fields }, i) => {
    lines.push(`struct s${i} { ${fields.map(declare).join(' ')} };`);
    lines.push(
      `static void describe${i}(void) { printf("%zu %zu", sizeof(struct s${i}), alignof(struct s${i}));`,
    );
    for (const { name } of fields) lines.push(`  printf(" %zu", offsetof(struct s${i}, ${name}));`);
    lines.push('  putchar(10); }');
    lines.push(
      `static void copy${i}(void) { struct s${i} from, to; memset(&to, 0, sizeof to); if (fread(&from, sizeof from, 1, stdin) != 1) return;`,
    );
    for (const { name, length } of fields) {
      lines.push(
        length === null
          ? `  to.${name} = from.${name};`
          : `  for (int i = 0; i < ${length}; i++) to.${name}[i] = from.${name}[i];`,
      );
    }
    lines.push('  fwrite(&to, sizeof to, 1, stdout); }');
  });
  const calls = (name: string) => layouts.map((_, i) => `${name}${i}();`).join(' ');
  lines.push(
    `int main(int argc, char **argv) { (void)argv; if (argc > 1) { ${calls('copy')} } else { ${calls('describe')} } return 0; }`,
  );
  return lines.join('\n');
}

describe('the layout of records', () => {
  let folder = '';
  let program = '';

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'tenon-layout-'));
    program = join(folder, 'structs');
    writeFileSync(join(folder, 'structs.c'), programFor(structs.map((one) => one.layout)));
    const flags = ['-std=c11', '-Wall', '-Wextra', '-Wpedantic', '-Werror', '-O0'];
    execFileSync(process.env.CC ?? 'cc', [...flags, '-o', program, join(folder, 'structs.c')], {
      stdio: 'pipe',
    });
  }, 60_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('agrees with the C compiler for 200 random structs', () => {
    const printed = execFileSync(program, { encoding: 'utf8' }).trimEnd().split('\n');
    const ours = structs.map(({ layout }) =>
      [layout.size, layout.align, ...layout.fields.map((field) => field.offset)].join(' '),
    );
    expect(printed).toEqual(ours);
    expect(new Set(ours).size).toBeGreaterThan(150);
  });

  test('preserves values in a round trip through C, with zeroed padding, for 200 random structs', () => {
    const samples = structs.map(({ fields, layout }, i) => {
      const [values = {}] = fc.sample(valuesOf(fields), { seed: i, numRuns: 1 });
      return { layout, values, bytes: encode(layout, values) };
    });
    const input = Buffer.concat(samples.map((sample) => sample.bytes));
    const output = execFileSync(program, ['copy'], { input, maxBuffer: 2 ** 24 });
    expect(output.equals(input)).toBe(true);
    let at = 0;
    for (const { layout, values } of samples) {
      expect(decode(layout, output.subarray(at, at + layout.size))).toEqual(values);
      at += layout.size;
    }
    expect(at).toBe(output.length);
  });

  test('has the padding of C before members, in arrays and at the end', () => {
    const places = (fields: Fields): unknown => {
      const { size, align, fields: found } = layoutOf(fields);
      return { size, align, offsets: found.map((field) => field.offset) };
    };
    expect(places({})).toEqual({ size: 0, align: 1, offsets: [] });
    expect(places({ a: 'u8', b: 'f64', c: 'u8' })).toEqual({ size: 24, align: 8, offsets: [0, 8, 16] });
    expect(places({ a: 'bool[3]', b: 'i16', c: 'u8' })).toEqual({ size: 8, align: 2, offsets: [0, 4, 6] });
    expect(places({ a: 'u8', b: 'i64[2]' })).toEqual({ size: 24, align: 8, offsets: [0, 8] });
  });

  test('refuses invalid types and names of fields, and names the field', () => {
    const refused = (fields: unknown): TenonError => {
      try {
        layoutOf(fields as Fields, 'input');
      } catch (error) {
        if (error instanceof TenonError) return error;
        throw error;
      }
      throw new Error(`not refused: ${JSON.stringify(fields)}`);
    };
    for (const type of [
      'int',
      'i32[]',
      'i32[0]',
      'i32[-1]',
      'i32[1.5]',
      'i32[1e3]',
      'i32 ',
      '',
      'i32[01]',
      'toString',
      5,
      null,
      {},
    ]) {
      expect(refused({ a: type })).toMatchObject({ code: 'ERR_TENON_INVALID_ARGUMENT', argument: 'input.a' });
    }
    for (const name of [
      '',
      '1',
      'a b',
      'a-b',
      'ä',
      'a;process.exit()',
      'a\n',
      '__proto__',
      '$',
      'x'.repeat(64),
    ]) {
      const fields = Object.defineProperty({}, name, { value: 'i32', enumerable: true });
      expect(refused(fields).message).toContain(JSON.stringify(name));
    }
    for (const fields of [null, undefined, 5, 'i32', ['i32']]) expect(refused(fields).argument).toBe('input');
    expect(refused({ a: `f64[${MAX_RECORD_SIZE / 8 + 1}]` }).message).toContain('bytes');
  });
});

/** Returns values that survive a round trip through C unchanged. */
function valuesOf(fields: Fields): fc.Arbitrary<Record<string, unknown>> {
  const members = Object.entries(fields).map(([name, type]): [string, fc.Arbitrary<unknown>] => {
    const [element = '', length] = type.replace(']', '').split('[');
    const one = VALUES[element as Scalar];
    if (length === undefined) return [name, one];
    const n = Number(length);
    return [
      name,
      fc.array(one, { minLength: n, maxLength: n }).map((values) => asArray(element as Scalar, values)),
    ];
  });
  return fc.record(Object.fromEntries(members), { noNullPrototype: true });
}

const integer = (min: number, max: number) => fc.integer({ min, max });
const VALUES: Record<Scalar, fc.Arbitrary<unknown>> = {
  i8: integer(-128, 127),
  u8: integer(0, 255),
  i16: integer(-32_768, 32_767),
  u16: integer(0, 65_535),
  i32: integer(-(2 ** 31), 2 ** 31 - 1),
  u32: integer(0, 2 ** 32 - 1),
  i64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  u64: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  f32: fc.float(),
  f64: fc.double(),
  bool: fc.boolean(),
};

function asArray(type: Scalar, values: unknown[]): unknown {
  if (type === 'bool') return values;
  const number = values as number[];
  const bigint = values as bigint[];
  switch (type) {
    case 'i8':
      return Int8Array.from(number);
    case 'u8':
      return Buffer.from(number);
    case 'i16':
      return Int16Array.from(number);
    case 'u16':
      return Uint16Array.from(number);
    case 'i32':
      return Int32Array.from(number);
    case 'u32':
      return Uint32Array.from(number);
    case 'f32':
      return Float32Array.from(number);
    case 'f64':
      return Float64Array.from(number);
    case 'i64':
      return BigInt64Array.from(bigint);
    case 'u64':
      return BigUint64Array.from(bigint);
  }
}

function encode(layout: Layout, values: unknown): Buffer {
  let bytes = Buffer.alloc(0);
  const binding = loopback(layout.size, 0, (input) => {
    bytes = Buffer.from(input);
  });
  compileRecord(layout, layoutOf({}))(binding).call(values);
  return bytes;
}

function decode(layout: Layout, bytes: Buffer): unknown {
  const binding = loopback(0, layout.size, (_, output) => output.set(bytes));
  return compileRecord(layoutOf({}), layout)(binding).call();
}

/**
 * The generated C of random kinds: it compiles without warnings, reads what the TypeScript side encodes, writes the
 * same bytes, and refuses exactly the messages that the TypeScript side refuses. Programs run under AddressSanitizer
 * and UBSan. TENON_RANDOM_KINDS sets the number of kinds; `npm run test:kinds` tries 10 000.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decode, encode } from '../../../src/kinds/codec.js';
import type { FieldModel } from '../../../src/kinds/model.js';
import { checkModel } from '../../../src/kinds/model-check.js';
import { sizeOf } from '../../../src/kinds/wire.js';
import { cCompilers, cppCompilers } from '../../abi/compilers.js';
import { temporaryFolder } from '../../support/index.js';
import { fieldsOf, valueFor } from '../random-records.js';
import { answers, compileKinds, damages, kindOf, renamed } from './random-kinds.js';

const SANITIZE = ['-O0', '-fsanitize=address,undefined', '-fno-sanitize-recover=all'];
/** The flags of a compiler: the libraries of the sanitizers are a package of their own. */
const flagsOf = (compiler: string): readonly string[] => {
  const args = [...SANITIZE, '-x', 'c', '-', '-o', join(temporaryFolder(), 'empty')];
  const { status } = spawnSync(compiler, args, { input: 'int main(void) { return 0; }' });
  return status === 0 ? SANITIZE : ['-O0'];
};
const count = Number(process.env['TENON_RANDOM_KINDS'] ?? 200);
const BATCH = 25;

interface Sample {
  readonly fields: readonly FieldModel[];
  readonly values: readonly unknown[];
  readonly damaged: readonly ((bytes: Buffer) => Buffer)[];
  readonly seed: number;
}

const record = (fields: readonly FieldModel[]): FieldModel[] => [
  { name: 'v', type: { form: 'record', fields } },
];

const sample: fc.Arbitrary<Sample> = fieldsOf(3, 1)
  .filter((fields) => sizeOf({ form: 'record', fields }) > 0)
  .chain((fields) =>
    fc.record({
      fields: fc.constant(fields),
      values: fc.array(valueFor({ form: 'record', fields }), { minLength: 3, maxLength: 3 }),
      damaged: fc.array(damages, { minLength: 30, maxLength: 30 }),
      seed: fc.nat(),
    }),
  );

/** Returns whether TypeScript accepts a message, and the value. */
function accepted(fields: readonly FieldModel[], bytes: Buffer): { value: unknown } | null {
  try {
    return { value: decode(fields, bytes) };
  } catch {
    return null;
  }
}

const hasUnknownMember = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  !ArrayBuffer.isView(value) &&
  (('tag' in value && typeof value.tag === 'number') || Object.values(value).some(hasUnknownMember));

function tryBatch(batch: readonly Sample[], compiler: string): void {
  const kinds = batch.map(({ fields, seed }, i) => kindOf(renamed(fields, seed), i));
  for (const kind of kinds) checkModel(kind);
  const program = compileKinds(kinds, compiler, flagsOf(compiler));
  const messages = batch.flatMap(({ fields, values, damaged }, kind) => {
    const valid = values.map((v) => encode(record(fields), { v }));
    const hostile = damaged.map((damage, i) => damage(valid[i % valid.length] ?? Buffer.alloc(0)));
    return [
      ...valid.map((bytes) => ({ kind, bytes, valid: true })),
      ...hostile.map((bytes) => ({ kind, bytes, valid: false })),
    ];
  });
  const found = answers(program, messages);
  expect(found.length).toBe(messages.length);
  messages.forEach(({ kind, bytes, valid }, i) => {
    const { status, bytes: written } = found[i] ?? { status: -1, bytes: Buffer.alloc(0) };
    const fields = record(batch[kind]?.fields ?? []);
    const context = () =>
      `${JSON.stringify(fields)}\n${bytes.toString('hex')}\n${written.toString('hex')} ${written}`;
    const read = accepted(fields, bytes);
    if (valid) expect(status, context()).toBe(0);
    if (valid) expect(written.toString('hex'), context()).toBe(bytes.toString('hex'));
    expect(status !== 2, context()).toBe(read !== null);
    if (read === null || hasUnknownMember(read.value)) return;
    expect(status, context()).toBe(0);
    expect(decode(fields, written), context()).toEqual(read.value);
  });
}

/** Chooses the compiler of a batch: all take turns in `npm test`, those with sanitizers in the command for many kinds. */
function chosen(compilers: readonly string[], i: number): string {
  const sanitizing = count > 200 ? compilers.filter((one) => flagsOf(one) === SANITIZE) : [];
  const all = sanitizing.length > 0 ? sanitizing : compilers;
  return all[i % all.length] ?? 'cc';
}

describe('random kinds', () => {
  const compilers = [...cCompilers, ...cppCompilers];
  const batches = Array.from({ length: Math.ceil(count / BATCH) }, (_, i) => i);
  test.each(batches)('batch %i', { timeout: 300_000 }, (i) => {
    const compiler = chosen(compilers, i);
    const base = Number(process.env['TENON_RANDOM_SEED'] ?? 1);
    tryBatch(fc.sample(sample, { numRuns: Math.min(BATCH, count), seed: base * 100_003 + i }), compiler);
  });
});

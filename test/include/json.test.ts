/** tenon_json.h reads JSON as JavaScript does, under AddressSanitizer and UBSan where they are installed. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cCompilers, compile } from '../abi/compilers.js';
import { root } from '../support/index.js';

const SANITIZE = ['-g', '-O1', '-fsanitize=address,undefined', '-fno-sanitize-recover=all'];
const folder = mkdtempSync(join(tmpdir(), 'tenon-json-'));
const program = join(folder, 'json');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

beforeAll(() => {
  const args = ['-std=c11', '-Wconversion', join(root, 'test', 'include', 'json.c'), '-o', program];
  const [compiler = 'cc'] = cCompilers;
  try {
    compile(compiler, [...SANITIZE, ...args]);
  } catch {
    compile(compiler, args);
  }
});

/** Returns the lines that the program prints for the inputs. */
function printed(texts: readonly Buffer[]): string[] {
  const input = texts.flatMap((text) => [Buffer.from(Uint32Array.of(text.length).buffer), text]);
  const { status, stdout, stderr } = spawnSync(program, { input: Buffer.concat(input), maxBuffer: 2 ** 28 });
  expect(status, String(stderr)).toBe(0);
  return stdout.toString().split('\n').slice(0, -1);
}

/** Returns the line that it should print. */
function expected(text: Buffer): string {
  try {
    const value: unknown = JSON.parse(
      new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(text),
    );
    return hasSurrogate(value) || depthOf(value) > 64 ? 'no' : shown(value);
  } catch {
    return 'no';
  }
}

const hasSurrogate = (value: unknown): boolean => {
  if (typeof value === 'string') return /\p{Surrogate}/u.test(value);
  return typeof value === 'object' && value !== null && Object.entries(value).flat().some(hasSurrogate);
};
const depthOf = (value: unknown): number =>
  typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0;

const hex = (text: string): string => `"${Buffer.from(text).toString('hex')}"`;

function shown(value: unknown): string {
  if (value === null) return 'n';
  if (typeof value === 'boolean') return value ? 't' : 'f';
  if (typeof value === 'string') return hex(value);
  if (typeof value === 'number') return `#${Object.is(value, -0) ? 0 : value}`;
  if (Array.isArray(value)) return `[${value.map((one) => `${shown(one)},`).join('')}.`;
  const members = Object.entries(value as object).map(([key, one]) => `${hex(key)}${shown(one)},`);
  return `{${members.join('')}.`;
}

/** Replaces numbers by their value. */
const normal = (line: string): string =>
  line.replaceAll(/=(-?[\d.]+(?:e[+-]?\d+)?|-?inf)/g, (_, digits: string) => {
    const value = Number(digits.replace('inf', 'Infinity'));
    return `#${Object.is(value, -0) ? 0 : value}`;
  });

const check = (texts: readonly Buffer[]): void => {
  const lines = printed(texts);
  expect(lines.length).toBe(texts.length);
  texts.forEach((text, i) => {
    if (lines[i]?.includes('long')) return;
    expect(normal(lines[i] ?? ''), text.toString()).toBe(expected(text));
  });
};

// JavaScript sorts keys that are whole numbers.
const values = fc.jsonValue({ depthSize: 'medium' }).filter((value) => !/"\d+":/.test(JSON.stringify(value)));

test('valid JSON is read as JavaScript reads it', () => {
  const texts = fc.sample(fc.tuple(values, fc.constantFrom(undefined, 1)), { numRuns: 3000, seed: 7 });
  check(texts.map(([value, space]) => Buffer.from(JSON.stringify(value, null, space))));
});

test('damaged JSON is refused exactly where JavaScript refuses it', () => {
  const damage = fc.record({
    at: fc.nat(),
    by: fc.oneof(fc.constantFrom(...Buffer.from('{}[],:"\\u0-e.1 \nt')), fc.nat(255)),
    how: fc.nat(2),
  });
  const samples = fc.sample(fc.tuple(values, fc.array(damage, { minLength: 1, maxLength: 3 })), {
    numRuns: 6000,
    seed: 8,
  });
  const texts = samples.map(([value, steps]) => {
    let bytes = Buffer.from(JSON.stringify(value));
    for (const { at, by, how } of steps) {
      const place = at % (bytes.length + 1);
      const inserted = how === 2 ? [] : [by];
      bytes = Buffer.concat([
        bytes.subarray(0, place),
        Buffer.from(inserted),
        bytes.subarray(place + (how === 0 ? 0 : 1)),
      ]);
    }
    return bytes;
  });
  // A damaged key may be one that JavaScript sorts, or be there twice.
  check(texts.filter((text) => !/"\d+" *:|__proto__/.test(text.toString()) && !hasTwice(text)));
});

function hasTwice(text: Buffer): boolean {
  const keys = [...text.toString().matchAll(/"((?:[^"\\]|\\.)*)"\s*:/g)].map(([, key]) => key);
  return new Set(keys).size !== keys.length;
}

test.each([
  '',
  ' ',
  '1',
  '-0',
  '01',
  '1.',
  '.5',
  '1e',
  '1e+',
  '-',
  '+1',
  '1e5',
  '9223372036854775807',
  '-9223372036854775808',
  '9223372036854775808',
  '"\\u00e4\\ud83d\\ude42"',
  '"\\ud83d"',
  '"\\ude42"',
  '"\\ud83dx"',
  '"\\x"',
  '"\t"',
  '"\\',
  '"\\u12',
  '[',
  '[]',
  '[1,]',
  '[1 2]',
  '{',
  '{}',
  '{"a"}',
  '{"a":}',
  '{"a":1,}',
  '{a:1}',
  'nul',
  'nulll',
  'true false',
  '\ufeff1',
  '['.repeat(64) + ']'.repeat(64),
  '['.repeat(65) + ']'.repeat(65),
  '['.repeat(100_000),
  '"\\u0000"',
  '{"a":{"b":[1,"x",null]}}',
])('a special case is read or refused as by JavaScript (%#)', (text) => {
  check([Buffer.from(text)]);
});

/** The verdicts about the differences between two versions of a kind. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cursor, defineKind, enumeration, flags, list, method, option, union } from '../../src/index.js';
import { compareKinds } from '../../src/kinds/compare.js';
import { modelOf } from '../../src/kinds/kind.js';
import type { KindModel } from '../../src/kinds/model.js';
import { slotsOf } from '../../src/kinds/wire.js';
import { fieldsOf } from './random-records.js';

type Definition = Parameters<typeof defineKind>[0];
const model = (version: string, methods: Definition['methods'], events: Definition['events'] = {}) =>
  modelOf(defineKind({ name: 'demo', version, methods, events }));

/** Compares two kinds with these methods. Returns the changes as lines. */
function changes(old: Definition['methods'], now: Definition['methods']): string[] {
  const found = compareKinds(model('1.0.0', old), model('1.1.0', now));
  return found.changes.map(({ verdict, at, what }) => `${verdict} ${at} ${what}`);
}
const one = (input: Parameters<typeof method>[0], output: Parameters<typeof method>[0] = {}) => ({
  m: method(input, output as Record<string, never>),
});
const records = { a: method({ x: 'u8' }, { y: 'u8' }), b: method({ x: 'u16' }, { y: 'u8' }) };

describe('a change of methods', () => {
  test.each<[string, Definition['methods'], Definition['methods'], string[]]>([
    ['nothing', records, records, []],
    [
      'appended with since',
      records,
      { ...records, c: method({}, {}, { since: '1.1.0' }) },
      ['minor c was appended, since 1.1.0'],
    ],
    [
      'appended without since',
      records,
      { ...records, c: method({}, {}) },
      ['major c was appended without since, so every plugin must have it'],
    ],
    ['removed', records, { a: records.a }, ['major b was removed']],
    [
      'inserted',
      records,
      { c: method({}, {}), ...records },
      [
        'major a was moved: it was method 0, and is method 1',
        'major b was moved: it was method 1, and is method 2',
        'major c was inserted as method 0',
      ],
    ],
    ['renamed', records, { z: records.a, b: records.b }, ['source a was renamed to z']],
    [
      'swapped',
      records,
      { b: records.b, a: records.a },
      [
        'major a was moved: it was method 0, and is method 1',
        'major b was moved: it was method 1, and is method 0',
      ],
    ],
    [
      'another form',
      { m: method({ x: 'u8' }, { y: 'u8' }) },
      { m: method({ x: 'u8' }, cursor({ y: 'u8' })) },
      ['major m is a method with a cursor instead of records'],
    ],
    [
      'bytes',
      { m: method.bytes() },
      { m: method({}, {}) },
      ['major m is a method with records instead of bytes'],
    ],
  ])('%s', (_, old, now, expected) => {
    expect(changes(old, now)).toEqual(expected);
  });
});

describe('a change of fields and types', () => {
  test.each<[string, Definition['methods'], Definition['methods'], string[]]>([
    ['added', one({ x: 'u8' }), one({ x: 'u8', y: 'u8' }), ['major m.input.y was added']],
    ['removed', one({ x: 'u8', y: 'u8' }), one({ x: 'u8' }), ['major m.input.y was removed']],
    [
      'retyped',
      one({ x: list({ at: 'u32' }) }),
      one({ x: list({ at: 'u64' }) }),
      ['major m.input.x[].at has type u64 instead of u32'],
    ],
    ['renamed', one({ x: 'u8' }), one({ z: 'u8' }), ['source m.input.x was renamed to z']],
    [
      'renamed and retyped',
      one({ x: 'u8' }),
      one({ z: 'u16' }),
      ['major m.input.x has type u16 instead of u8', 'source m.input.x was renamed to z'],
    ],
    [
      'reordered',
      one({ x: 'u8', y: 'u8' }),
      one({ y: 'u8', x: 'u8' }),
      [
        'major m.input.x was moved: it was field 0, and is field 1',
        'major m.input.y was moved: it was field 1, and is field 0',
      ],
    ],
    [
      'optional',
      one({ x: 'u8' }),
      one({ x: option('u8') }),
      ['major m.input.x has type option<u8> instead of u8'],
    ],
    [
      'appended to an open enum',
      one({ x: enumeration(['a'], { open: true }) }),
      one({ x: enumeration(['a', 'b'], { open: true }) }),
      ['minor m.input.x.b was appended'],
    ],
    [
      'appended to open flags',
      one({ x: flags(['a'], { open: true }) }),
      one({ x: flags(['a', 'b'], { open: true }) }),
      ['minor m.input.x.b was appended'],
    ],
    [
      'appended to a closed enum',
      one({ x: enumeration(['a']) }),
      one({ x: enumeration(['a', 'b']) }),
      ['major m.input.x.b was appended, but the type is closed'],
    ],
    [
      'closed',
      one({ x: enumeration(['a'], { open: true }) }),
      one({ x: enumeration(['a']) }),
      ['major m.input.x was closed'],
    ],
    [
      'opened',
      one({ x: enumeration(['a']) }),
      one({ x: enumeration(['a'], { open: true }) }),
      ['major m.input.x was opened: readers of the old version accept no other members'],
    ],
    [
      'a member renamed',
      one({ x: enumeration(['a', 'b']) }),
      one({ x: enumeration(['a', 'c']) }),
      ['source m.input.x.b was renamed to c'],
    ],
    [
      'members swapped',
      one({ x: enumeration(['a', 'b']) }),
      one({ x: enumeration(['b', 'a']) }),
      [
        'major m.input.x.a was moved: it was member 0, and is member 1',
        'major m.input.x.b was moved: it was member 1, and is member 0',
      ],
    ],
    [
      'a member of an open union retyped, which no hash shows',
      one({ x: union({ a: 'u8' }, { open: true }) }),
      one({ x: union({ a: 'u16' }, { open: true }) }),
      ['major m.input.x.a has type u16 instead of u8'],
    ],
    [
      'a member of a union that lost its value',
      one({ x: union({ a: 'u8' }) }),
      one({ x: union({ a: null }) }),
      ['major m.input.x.a has no value any more'],
    ],
    [
      'appended to an open union',
      one({ x: union({ a: 'u8' }, { open: true }) }),
      one({ x: union({ a: 'u8', b: 'str' }, { open: true }) }),
      ['minor m.input.x.b was appended'],
    ],
  ])('%s', (_, old, now, expected) => {
    expect(changes(old, now)).toEqual(expected);
  });
});

test('a change of events', () => {
  const old = model('1.0.0', records, { gone: { x: 'u8' }, same: { x: 'u8' }, wider: { x: 'u8' } });
  const now = model('1.1.0', records, { same: { y: 'u8' }, wider: { x: 'u16' }, fresh: {} });
  expect(compareKinds(old, now).changes.map(({ verdict, at }) => `${verdict} ${at}`)).toEqual([
    'major events.gone',
    'major events.wider.x',
    'minor events.fresh',
    'source events.same.x',
  ]);
});

test.each([
  ['1.0.0', '1.0.1', one({ z: 'u8' }), true, '1.0.1'],
  ['1.0.0', '1.0.0', one({ z: 'u8' }), false, '1.0.1'],
  ['1.0.0', '1.9.0', one({ x: 'u16' }), false, '2.0.0'],
  ['1.0.0', '2.0.0', one({ x: 'u16' }), true, '2.0.0'],
  ['1.0.0', '1.0.0', one({ x: 'u8' }), true, '1.0.0'],
  ['1.2.0', '1.1.0', one({ x: 'u8' }), false, '1.2.0'],
])('from %s to %s is judged by the changes', (from, to, methods, allowed, needed) => {
  const found = compareKinds(model(from, one({ x: 'u8' })), model(to, methods));
  expect(found).toMatchObject({ allowed, needed });
});

test('kinds whose hashes differ never pass as compatible', () => {
  const fields = fieldsOf(2);
  const kindOf = (
    input: KindModel['methods'][number] extends never ? never : readonly unknown[],
    to: readonly unknown[],
  ) =>
    ({
      name: 'demo',
      version: '1.0.0',
      methods: [{ name: 'm', form: 'record', input, output: to }],
      events: [],
    }) as unknown as KindModel;
  fc.assert(
    fc.property(fields, fields, fields, (a, b, c) => {
      const [old, now] = [kindOf(a, c), kindOf(b, c)];
      const [before, after] = [slotsOf(old)[0]?.hash, slotsOf(now)[0]?.hash];
      const { verdict } = compareKinds(old, now);
      if (before !== after) expect(verdict).toBe('major');
      expect(compareKinds(old, old).changes).toEqual([]);
    }),
    { numRuns: 500 },
  );
});

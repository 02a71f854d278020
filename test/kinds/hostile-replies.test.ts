/** Replies of a plugin that lies: none is read beyond its end or believed, in any tier, in any kind of typed call. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  enumeration,
  type Fields,
  flags,
  type Instance,
  type LoadOptions,
  list,
  option,
  type Plugin,
  PluginHost,
  TenonError,
  union,
} from '../../src/index.js';
import { compileSpans, spansKind } from './spans-plugin.js';

const host = new PluginHost();
const tiers = host.capabilities.isolation.flatMap((isolation): [string, LoadOptions][] =>
  isolation === 'process'
    ? host.capabilities.transports.map((transport) => [
        `${isolation} (${transport})`,
        { isolation, transport },
      ])
    : [[isolation, { isolation }]],
);
let folder = '';
let file = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tenon-replies-'));
  file = compileSpans(folder);
});
afterAll(async () => {
  await host.close();
  rmSync(folder, { recursive: true, force: true });
});

const words = (all: readonly number[], tail: string | Buffer = ''): Buffer =>
  Buffer.concat([Buffer.from(Uint32Array.from(all).buffer), Buffer.from(tail)]);
const f64 = (all: readonly number[], count: number): Buffer => words(all, Buffer.alloc(8 * count));
const BIG = 2 ** 32 - 1;

/** The output of the method, a reply, and the problem that the message names. */
const lies: readonly (readonly [string, Fields, Buffer, RegExp])[] = [
  ['no bytes', { n: 'u32' }, Buffer.alloc(0), /it has 0 bytes/],
  ['fewer bytes than the record', { n: 'u32', s: 'str' }, words([1, 0]), /it has 8 bytes/],
  ['more bytes than a record without spans', { n: 'u32' }, words([1, 2]), /it has 8 bytes/],
  ['a bool of 2', { b: 'bool' }, Buffer.of(2), /answer\.b/],
  ['an array with a bool of 255', { b: 'bool[3]' }, Buffer.of(1, 0, 255), /answer\.b/],
  ['an option that is neither', { o: option('u32') }, words([2, 7]), /answer\.o/],
  ['an option with a hostile string', { o: option('str') }, words([1, 4, 1], 'x'), /answer\.o/],
  ['a string outside', { s: 'str' }, words([8, 2], 'x'), /answer\.s ends at byte 10/],
  ['a string in the fixed part', { s: 'str' }, words([4, 1], 'x'), /answer\.s begins at byte 4/],
  ['a string of 4 GiB', { s: 'str' }, words([8, BIG], 'x'), /answer\.s ends at byte/],
  ['a string whose end wraps around', { s: 'str' }, words([BIG, 9], 'x'), /answer\.s ends at byte/],
  ['an empty string with a place', { s: 'str' }, words([8, 0]), /answer\.s is an empty span at 8/],
  ['half of a character', { s: 'str' }, words([8, 1], Buffer.of(0xc3)), /answer\.s is not UTF-8/],
  ['a surrogate', { s: 'str' }, words([8, 3], Buffer.of(0xed, 0xa0, 0x80)), /answer\.s is not UTF-8/],
  [
    'spans that overlap',
    { a: 'str', b: 'bytes' },
    words([16, 2, 17, 2], 'abc'),
    /answer\.b begins at byte 17/,
  ],
  [
    'spans that go backwards',
    { a: 'str', b: 'str' },
    words([17, 1, 16, 1], 'ab'),
    /answer\.b begins at byte 16/,
  ],
  ['one span twice', { a: 'bytes', b: 'bytes' }, words([16, 8, 16, 8], 'abcdefgh'), /answer\.b begins/],
  ['a list of 2^32 numbers', { l: list('f64') }, f64([8, BIG], 1), /answer\.l ends at byte/],
  ['a list that is not aligned', { l: list('f64') }, words([9, 1], Buffer.alloc(9)), /not a multiple of 8/],
  ['a list of 2^32 records', { l: list({ a: 'u64', s: 'str' }) }, f64([8, BIG], 2), /answer\.l ends at byte/],
  [
    'a record of a list with a string outside',
    { l: list({ s: 'str' }) },
    words([8, 1, 16, 1]),
    /answer\.l\[0\]\.s/,
  ],
  ['a list within itself', { l: list(list('u8')) }, words([8, 1, 8, 8]), /answer\.l\[0\] begins at byte 8/],
  ['a member that an enum lacks', { e: enumeration(['a', 'b']) }, words([2]), /answer\.e/],
  ['a flag that does not exist', { f: flags(['a', 'b']) }, words([4]), /answer\.f/],
  ['a member that a union lacks', { u: union({ a: null }) }, words([1, 0, 0]), /answer\.u is member 1/],
  [
    'a value of the wrong size',
    { u: union({ a: 'u32' }) },
    words([0, 12, 8, 1, 2]),
    /answer\.u has a value of 8 bytes/,
  ],
  [
    'a value for a member without',
    { u: union({ a: null }) },
    words([0, 12, 4, 1]),
    /answer\.u has a value of 4 bytes/,
  ],
  [
    'an unknown value outside',
    { u: union({ a: null }, { open: true }) },
    words([9, 12, 400, 1]),
    /answer\.u ends/,
  ],
];

const failureOf = async (work: () => unknown): Promise<TenonError> => {
  try {
    await work();
  } catch (error) {
    if (error instanceof TenonError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
};

describe.each(tiers)('%s', (_, options) => {
  let plugin: Plugin;
  let instance: Instance;
  beforeAll(async () => {
    plugin = await host.load(file, { ...options });
    instance = await plugin.new();
  });
  afterAll(() => plugin.close());

  test.each(lies)('%s', async (_, output, raw, problem) => {
    const kind = spansKind({ n: 'u32' }, output);
    const [api, sync] = [instance.as(kind), instance.asSync(kind)];
    const { answer } = api;
    const all = await answer.many(Array.from({ length: 9 }, () => ({ raw })));
    for (const work of [
      () => answer({ raw }),
      () => sync.answer({ raw }),
      () => all.result(8),
      () => [...all],
      () => [...sync.answer.many([{ raw }])],
    ]) {
      const error = await failureOf(work);
      expect(error).toMatchObject({ code: 'ERR_TENON_CONTRACT', plugin: 'spans' });
      expect(error.message).toMatch(problem);
    }
    // The instance answers as before.
    expect(sync.mirror({ n: 5 })).toEqual({ n: 5 });
  });

  const kind = spansKind({ n: 'u32' }, { n: 'u32' });
  test.each([
    [5, /it has no items, but says that more follow/],
    [6, /it has 3 items, but at most 2 were asked for/],
    [7, /items ends at byte/],
  ])('a cursor with the fault %i ends with an error and is closed once', async (fault, problem) => {
    const fresh = await plugin.new();
    const input = { count: 10, fault };
    const items = fresh.as(kind).items(input, { max: 2 });
    expect([(await items.next()).value, (await items.next()).value]).toMatchObject([{ n: 0 }, { n: 1 }]);
    const error = await failureOf(() => items.next());
    expect([error.code, error.message]).toEqual(['ERR_TENON_CONTRACT', expect.stringMatching(problem)]);
    expect(await items.next()).toEqual({ done: true, value: undefined });
    const again = await failureOf(() => [...fresh.asSync(kind).items(input, { max: 2 })]);
    expect(again.message).toMatch(problem);
    expect(fresh.asSync(kind).tally()).toEqual({ opened: 2, closed: 2 });
    await fresh.close();
  });

  test('a cursor whose number is cut is an error', async () => {
    const error = await failureOf(() => instance.as(kind).items({ count: 1, fault: 8 }).next());
    expect([error.code, error.message]).toEqual(['ERR_TENON_CONTRACT', expect.stringMatching(/7 bytes/)]);
  });
});

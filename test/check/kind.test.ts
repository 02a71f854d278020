/** The checks of group `kind`: the messages that methods must refuse, and plugins that are fine. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { hostileInputsOf, hostileMessages } from '../../src/check/hostile.js';
import { type CheckResult, check, foregroundRun } from '../../src/check/index.js';
import { decode } from '../../src/kinds/codec.js';
import { readDocument } from '../../src/kinds/document.js';
import { cHeader } from '../../src/kinds/generate/c.js';
import type { FieldModel, KindModel, TypeModel } from '../../src/kinds/model.js';
import { extension, pluginFile, root } from '../support/index.js';
import { needs } from '../support/tools.js';
import { canCheck, tripsDir } from './support.js';

const source = join(root, 'plugins-c', 'check', 'parcel.kind.json');
const parcel = readDocument(JSON.parse(readFileSync(source, 'utf8')));

const member = (name: string) => ({ name });
const field = (name: string, type: TypeModel): FieldModel => ({ name, type });
const str: TypeModel = { form: 'str' };

/** The faults of messages for one field of a type, behind a string so that the record has spans. */
const faultsOf = (type: TypeModel): string[] =>
  hostileMessages([field('text', str), field('chosen', type)])
    .map(({ fault }) => fault)
    .filter((fault) => / chosen\b/.test(fault));

describe('messages that methods must refuse', () => {
  test('are refused by the reader of TypeScript, each for a fault of its own', () => {
    const inputs = hostileInputsOf([parcel]);
    const names = inputs.map(({ method, fault }) => `${method} ${fault}`);
    expect(new Set(names).size).toBe(names.length);
    expect([...new Set(inputs.map(({ method }) => method))]).toEqual([
      'parcel/1#0',
      'parcel/1#1',
      'parcel/1#4',
    ]);
    const [pack] = parcel.methods;
    if (pack?.form !== 'record') throw new Error('pack takes a record');
    for (const { bytes } of hostileMessages(pack.input))
      expect(() => decode(pack.input, bytes)).toThrow(
        expect.objectContaining({ code: 'ERR_TENON_CONTRACT' }),
      );
  });

  test('have a fault in each part of a record', () => {
    const faults = hostileInputsOf([parcel])
      .filter(({ method }) => method === 'parcel/1#0')
      .map(({ fault }) => fault);
    expect(faults).toEqual(
      expect.arrayContaining([
        'string items[1].name ends within a character',
        'string to.street has a surrogate',
        'bool of fragile is 2',
        'bool of value is 255',
        'enum speed has the unknown member 2',
        'flags extras have an unknown bit (0x4)',
        'union to has the unknown member 2',
        'span of label overlaps the fixed part',
        'span of items overlaps the span of label',
        'span of items[1].name goes backwards to the span of label',
        'span of to.street ends outside the message',
        'span of items is misaligned',
        'span of items has 2^32 - 1 elements',
        'span of items has elements of 2^32 bytes',
        'span of label wraps around at 2^32 bytes from its place',
        'span of to is shorter than its value',
        'span of to is empty though its member has a value',
        'end is missing: it has 0 of 139 bytes',
        'end is missing: it has 138 of 139 bytes',
      ]),
    );
  });

  const members = [member('one'), member('two')];
  test.each<[string, TypeModel, number]>([
    ['a closed enum', { form: 'enum', members, open: false }, 2],
    ['an open enum', { form: 'enum', members, open: true }, 0],
    ['closed flags', { form: 'flags', members, open: false }, 2],
    ['open flags', { form: 'flags', members, open: true }, 0],
    [
      'flags that use all bits',
      { form: 'flags', members: Array.from({ length: 32 }, (_, i) => member(`bit${i}`)), open: false },
      0,
    ],
    [
      'a closed union',
      { form: 'union', members: members.map((one) => ({ ...one, type: null })), open: false },
      2,
    ],
    ['a number', { form: 'scalar', scalar: 'u64' }, 0],
    ['an array of bools', { form: 'array', scalar: 'bool', length: 3 }, 3],
  ])('%s has as many faults as the encoding forbids', (_, type, count) => {
    expect(faultsOf(type)).toHaveLength(count);
  });

  test('are not made for plain bytes and records without spans', () => {
    const number = [field('a', { form: 'scalar', scalar: 'u32' })];
    const kind: KindModel = {
      name: 'flat',
      version: '1.0.0',
      events: [],
      methods: [
        { name: 'raw', form: 'bytes' },
        { name: 'add', form: 'record', input: number, output: [field('text', str)] },
      ],
    };
    expect(hostileInputsOf([kind])).toEqual([]);
  });

  test('fit on a command line, and leave out no method of a large kind', () => {
    const input = Array.from({ length: 60 }, (_, i) => field(`field${i}`, str));
    const methods = Array.from({ length: 60 }, (_, i) => ({
      name: `method${i}`,
      form: 'record' as const,
      input,
      output: [],
    }));
    const inputs = hostileInputsOf([{ name: 'large', version: '1.0.0', events: [], methods }]);
    expect(inputs.reduce((sum, { bytes }) => sum + bytes.length, 0)).toBeLessThanOrEqual(256 * 1024);
    expect(new Set(inputs.map(({ method }) => method)).size).toBe(60);
  });
});

test('the header of the kind parcel is current', () => {
  expect(readFileSync(join(root, 'plugins-c', 'check', 'parcel.kind.h'), 'utf8')).toBe(cHeader(parcel));
});

async function resultsOf(path: string): Promise<ReadonlyMap<string, CheckResult>> {
  const { files } = await check([path], { level: 'torture', seed: 1, filter: ['kind/*'] });
  const results = files.flatMap((file) => file.results).filter(({ group }) => group === 'kind');
  return new Map(results.map((result) => [result.id.slice('kind/'.length), result]));
}

const statesOf = async (path: string) =>
  Object.fromEntries([...(await resultsOf(path))].map(([id, { state }]) => [id, state]));

const trip = (name: string) => join(tripsDir, `kind-${name}${extension}`);

describe.skipIf(!canCheck)('the checks of kinds', () => {
  const all = { facts: 'passed', since: 'passed', results: 'passed', 'hostile-spans': 'passed' };
  test.each([
    ['a sound plugin', trip('sound'), all],
    ['a plugin that does not support one of its methods', trip('unsupported'), all],
    ['a plugin of an older version, which does not have the later method', trip('older'), all],
    ['text', pluginFile('text'), all],
    ['text-cpp', pluginFile('text-cpp'), all],
    ['math, whose records have no spans', pluginFile('math'), { ...all, 'hostile-spans': 'skipped' }],
    ['gzip, whose methods take plain bytes', pluginFile('gzip'), { ...all, 'hostile-spans': 'skipped' }],
  ])('pass for %s', async (_, path, expected) => {
    expect(await statesOf(path)).toEqual(expected);
  });

  test('pass for text-rs', needs('cargo'), async () => {
    expect(await statesOf(pluginFile('text-rs'))).toEqual(all);
  });

  test('do not apply to a plugin without kinds', async () => {
    const skipped = { facts: 'skipped', since: 'skipped', results: 'skipped', 'hostile-spans': 'skipped' };
    expect(await statesOf(pluginFile('echo'))).toEqual(skipped);
  });

  test.each([
    ['hostile-spans', 'the message that the method accepted'],
    ['hostile-spans-outside', 'the message that ended the process'],
  ])('%s: the command for gdb has only %s', async (name) => {
    const result = (await resultsOf(trip(name))).get('hostile-spans');
    expect(result?.state).toBe('failed');
    expect(result?.reproduce.gdb?.split('--hostile-input')).toHaveLength(2);
  });

  test('can run in the foreground, with their inputs', () => {
    const { args } = foregroundRun(trip('sound'), { level: 'torture', filter: ['kind/*'] });
    expect(args[args.indexOf('--cursor') + 1]).toBe('parcel/1#1');
    expect(args.filter((one) => one === '--hostile-input')).toHaveLength(hostileInputsOf([parcel]).length);
  });
});

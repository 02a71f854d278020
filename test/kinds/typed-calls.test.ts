/** Typed calls with strings, lists, cursors and events do the same in every tier and transport. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  defineKind,
  type Fields,
  type Instance,
  type LoadOptions,
  list,
  method,
  option,
  type Plugin,
  PluginHost,
  TenonError,
  union,
} from '../../src/index.js';
import { modelOf } from '../../src/kinds/kind.js';
import { eventId } from '../../src/kinds/wire.js';
import { withAddon } from '../support/index.js';
import { compileSpans, spansKind } from './spans-plugin.js';

const kind = spansKind(
  {
    name: 'str',
    limit: option('u32'),
    hits: list({ at: 'u32', line: 'str' }),
    sizes: list('f64'),
    what: union({ none: null, text: 'str' }),
    raw: 'bytes',
  },
  { n: 'u32', hits: list({ at: 'u32', line: 'str' }), first: 'str' },
);
const VALUE = {
  name: 'näme',
  limit: 7,
  hits: [
    { at: 1, line: 'one' },
    { at: 2, line: '' },
  ],
  sizes: Float64Array.of(0.5, -1),
  what: { tag: 'text', value: 'x' } as const,
  raw: Buffer.from('abc'),
};

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
  folder = mkdtempSync(join(tmpdir(), 'tenon-spans-'));
  file = compileSpans(folder);
});
afterAll(async () => {
  await host.close();
  rmSync(folder, { recursive: true, force: true });
});

const failureOf = async (work: () => unknown): Promise<TenonError> => {
  try {
    await work();
  } catch (error) {
    if (error instanceof TenonError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
};
const collect = async <T>(items: AsyncIterable<T> | Iterable<T>): Promise<T[]> => {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
};
/** A message of 32-bit words, with text behind them. */
const message = (words: number[], tail = ''): Buffer =>
  Buffer.concat([Buffer.from(Uint32Array.from(words).buffer), Buffer.from(tail)]);

describe.each(tiers)('%s', (_, options) => {
  let plugin: Plugin;
  let instance: Instance;
  beforeAll(async () => {
    plugin = await host.load(file, { ...options });
    instance = await plugin.new();
  });
  afterAll(() => plugin.close());

  test('a record comes back as it was sent, with a promise and blocking', async () => {
    expect(await instance.as(kind).mirror(VALUE)).toEqual(VALUE);
    expect(instance.asSync(kind).mirror(VALUE)).toEqual(VALUE);
    const { limit: _, ...others } = VALUE;
    const found = instance.asSync(kind).mirror(others);
    expect(found).toEqual({ ...VALUE, limit: undefined });
    expect(await instance.as(kind).late?.({ names: ['a', '', 'ö'.repeat(100_000)] })).toEqual({
      names: ['a', '', 'ö'.repeat(100_000)],
    });
  });

  test('many records travel together, and each has its own outcome', async () => {
    const inputs = Array.from({ length: 1000 }, (_, i) => ({ ...VALUE, name: `n${i}`, limit: i }));
    const all = await instance.as(kind).mirror.many(inputs);
    expect([all.length, all.failed]).toEqual([1000, 0]);
    expect([...all]).toEqual(inputs);
    expect([...instance.asSync(kind).mirror.many(inputs.slice(0, 3))]).toEqual(inputs.slice(0, 3));
    expect((await instance.as(kind).mirror.many([])).length).toBe(0);
    const mixed = await instance.as(kind).fail.many([
      { status: 0, why: '' },
      { status: 2, why: 'bad' },
    ]);
    expect([...mixed.statuses]).toEqual([0, 2]);
    expect(mixed.result(0)).toEqual({});
    expect(await failureOf(() => mixed.result(1))).toMatchObject({
      code: 'ERR_TENON_CALL_FAILED',
      status: 'TENON_INVALID',
    });
    const refused = await failureOf(() => instance.as(kind).mirror.many([VALUE, { ...VALUE, limit: -1 }]));
    expect(refused.argument).toBe('spans.mirror[1].limit');
  });

  test('a value that does not fit is refused before anything is called, with its place', async () => {
    const wrong = { ...VALUE, hits: [{ at: 1, line: '\udc00' }] };
    for (const work of [
      () => instance.as(kind).mirror(wrong),
      () => instance.asSync(kind).mirror(wrong),
      () => instance.as(kind).mirror.many([wrong]),
    ])
      expect(await failureOf(work)).toMatchObject({ code: 'ERR_TENON_INVALID_ARGUMENT' });
    const error = await failureOf(() => instance.as(kind).mirror(wrong));
    expect(error.argument).toBe('spans.mirror.hits[0].line');
  });

  test('the status and message of a failure arrive', async () => {
    const expected = { code: 'ERR_TENON_CALL_FAILED', status: 'TENON_FAILED' };
    const failing = { status: 1, why: 'no luck' };
    const error = await failureOf(() => instance.as(kind).fail(failing));
    expect(error).toMatchObject(expected);
    expect(error.message).toContain('no luck');
    expect(await failureOf(() => instance.asSync(kind).fail(failing))).toMatchObject(expected);
  });

  test('hostile spans in a result are refused, with both possible reasons', async () => {
    const bad = [
      message([1, 20, 0xffffffff, 0, 0]),
      message([1, 8, 1, 0, 0], 'x'),
      message([1, 20, 1, 24, 4, 1, 20, 4], 'abcd'),
      message([1, 21, 1, 0, 0], 'x'.repeat(40)),
      Buffer.concat([message([1, 0, 0, 20, 1]), Buffer.of(0xff)]),
      message([1, 2]),
    ];
    for (const raw of bad)
      for (const work of [
        () => instance.as(kind).answer({ raw }),
        () => instance.asSync(kind).answer({ raw }),
      ]) {
        const error = await failureOf(work);
        expect(error).toMatchObject({ code: 'ERR_TENON_CONTRACT', plugin: 'spans' });
        expect(error.message).toMatch(/correct the definition if they differ, or else the plugin/);
      }
    const raw = message([3, 0, 0, 20, 2], 'ok');
    expect(await instance.as(kind).answer({ raw })).toEqual({ n: 3, hits: [], first: 'ok' });
  });

  test('calls of one instance at the same time have their own results', async () => {
    const { mirror } = instance.as(kind);
    const values = Array.from({ length: 100 }, (_, i) => ({ ...VALUE, name: `n${i}` }));
    expect(await Promise.all(values.map((value) => mirror(value)))).toEqual(values);
  });

  test('an aborted call is rejected with the reason of its signal', async () => {
    const reason = new Error('enough');
    const call = instance.as(kind).mirror(VALUE, { signal: AbortSignal.abort(reason) });
    await expect(call).rejects.toBe(reason);
    await expect(
      collect(instance.as(kind).items({ count: 1, fault: 0 }, { signal: AbortSignal.abort(reason) })),
    ).rejects.toBe(reason);
  });

  test('a cursor is read to its end and closed once', async () => {
    const fresh = await plugin.new();
    const expected = Array.from({ length: 600 }, (_, n) => ({ n, name: 'it' }));
    const input = { count: 600, fault: 0 };
    expect(await collect(fresh.as(kind).items(input))).toEqual(expected);
    expect([...fresh.asSync(kind).items(input, { max: 7 })]).toEqual(expected);
    expect(await collect(fresh.as(kind).items({ count: 0, fault: 0 }))).toEqual([]);
    expect(await fresh.as(kind).tally()).toEqual({ opened: 3, closed: 3 });
    await fresh.close();
  });

  test('a cursor that is not read to its end is closed once, and one that was never read is not opened', async () => {
    const fresh = await plugin.new();
    const input = { count: 10, fault: 0 };
    for await (const { n } of fresh.as(kind).items(input, { max: 2 })) if (n === 2) break;
    for (const { n } of fresh.asSync(kind).items(input)) if (n === 2) break;
    const thrown = new Error('mine');
    const loop = async () => {
      for await (const _ of fresh.as(kind).items(input)) throw thrown;
    };
    await expect(loop()).rejects.toBe(thrown);
    fresh.as(kind).items(input);
    const twice = fresh.as(kind).items(input);
    await twice.next();
    await Promise.all([twice.return(), twice.return()]);
    expect(fresh.asSync(kind).tally()).toEqual({ opened: 4, closed: 4 });
    await fresh.close();
  });

  test('a cursor whose reading fails is closed once, and the first error arrives', async () => {
    const fresh = await plugin.new();
    const input = { count: 10, fault: 1 };
    const error = await failureOf(() => collect(fresh.as(kind).items(input, { max: 3 })));
    expect(error).toMatchObject({ code: 'ERR_TENON_CALL_FAILED', status: 'TENON_FAILED' });
    expect(error.message).toContain('no more');
    await failureOf(() => [...fresh.asSync(kind).items(input, { max: 3 })]);
    const stuck = await failureOf(() => collect(fresh.as(kind).items({ count: 1, fault: 3 })));
    expect(stuck.message).toContain('stuck');
    expect(fresh.asSync(kind).tally()).toEqual({ opened: 3, closed: 3 });
    await fresh.close();
  });

  test('a cursor of a closed instance ends with that error', async () => {
    const fresh = await plugin.new();
    const items = fresh.as(kind).items({ count: 10, fault: 0 }, { max: 1 });
    await items.next();
    await fresh.close();
    expect(await failureOf(() => items.next())).toMatchObject({ code: 'ERR_TENON_CLOSED' });
    expect(await items.next()).toEqual({ done: true, value: undefined });
    const left = (await plugin.new()).as(kind).items({ count: 10, fault: 0 }, { max: 1 });
    await left.next();
    expect(await left.return()).toEqual({ done: true, value: undefined });
  });

  test.runIf(withAddon)('typed events reach the listeners of their kind with their values', async () => {
    const fresh = await plugin.new();
    const progress: unknown[] = [];
    const note = new Promise((resolve) => fresh.onEvent(kind, 'note', resolve));
    const listener = (value: { done: bigint; of: bigint }): void => void progress.push(value);
    fresh.onEvent(kind, 'progress', listener);
    const send = (name: string, record: Buffer) => {
      const event = modelOf(kind).events.find((one) => one.name === name);
      if (event === undefined) throw new Error(name);
      const id = Buffer.alloc(8);
      id.writeBigUInt64LE(eventId(kind, event));
      return fresh.as(kind).send({ raw: Buffer.concat([id, record]) });
    };
    const warned = once(process, 'warning');
    await send('progress', message([1, 0, 2, 0]));
    await send('progress', message([1, 0, 2]));
    await fresh.as(kind).send({ raw: Buffer.from('other') });
    await send('note', message([8, 2], 'hi'));
    expect(await note).toEqual({ line: 'hi' });
    expect(progress).toEqual([{ done: 1n, of: 2n }]);
    expect((await warned)[0]).toMatchObject({ code: 'TENON_BAD_EVENT' });
    fresh.offEvent(kind, 'progress', listener);
    const next = once(fresh, 'message');
    await send('progress', message([3, 0, 4, 0]));
    await next;
    expect(progress.length).toBe(1);
    // @ts-expect-error there is no such event
    expect(() => fresh.onEvent(kind, 'progres', listener)).toThrow(/Did you mean 'progress'/);
    await fresh.close();
  });

  test('60 methods with 60 fields each way', async () => {
    const fields: Fields = Object.fromEntries(
      Array.from({ length: 60 }, (_, i) => [
        `f${i}`,
        (['u32', 'str', 'f64', 'bytes'] as const)[i % 4] ?? 'u8',
      ]),
    );
    const methods = Object.fromEntries(
      Array.from({ length: 60 }, (_, i) => [`m${i}`, method(fields, fields)]),
    );
    const wide = defineKind({ name: 'wide', version: '1.0.0', methods });
    const value = Object.fromEntries(
      Array.from({ length: 60 }, (_, i) => [`f${i}`, [i, `text ${i}`, i / 2, Buffer.of(i)][i % 4]]),
    );
    for (const call of Object.values(instance.asSync(wide))) expect(call?.(value as never)).toEqual(value);
    const all = Object.values(instance.as(wide));
    expect(await Promise.all(all.map((call) => call?.(value as never)))).toEqual(all.map(() => value));
  });

  test('invalid options of a cursor are refused with their names', async () => {
    const items = (given: object) => failureOf(() => instance.as(kind).items({ count: 1, fault: 0 }, given));
    expect((await items({ max: 0 })).argument).toBe('max');
    expect((await items({ most: 1 })).argument).toBe('most');
  });
});

test.runIf(host.capabilities.isolation.includes('process'))(
  'a cursor of a process that crashed never reaches the next process',
  async () => {
    const plugin = await host.load(file, {
      isolation: 'process',
      restart: { backoff: { initial: 1 } },
      whenDown: 'wait',
    });
    const instance = await plugin.new();
    const { items, tally } = instance.as(kind);
    const crashed = items({ count: 10, fault: 2 }, { max: 2 });
    const other = items({ count: 10, fault: 0 }, { max: 2 });
    expect((await other.next()).value).toEqual({ n: 0, name: 'it' });
    const error = await failureOf(() => collect(crashed));
    expect(error).toMatchObject({ code: 'ERR_TENON_CRASHED', report: expect.anything() });
    // The next process has a cursor with the same id.
    const fresh = items({ count: 10, fault: 0 }, { max: 2 });
    expect((await fresh.next()).value).toEqual({ n: 0, name: 'it' });
    await other.next();
    expect(await failureOf(() => other.next())).toMatchObject({ code: 'ERR_TENON_CRASHED' });
    expect((await collect(fresh)).length).toBe(9);
    expect(await tally()).toEqual({ opened: 1, closed: 1 });
    await plugin.close();
  },
);

test.runIf(host.capabilities.isolation.includes('process'))(
  'a cursor whose next hangs ends at the timeout of the call, or by its signal',
  async () => {
    const plugin = await host.load(file, { isolation: 'process', restart: false });
    const instance = await plugin.new();
    const hanging = { count: 10, fault: 4 };
    const controller = new AbortController();
    const aborted = instance.as(kind).items(hanging, { max: 1, signal: controller.signal });
    await aborted.next();
    const next = aborted.next();
    const reason = new Error('enough');
    await setImmediate(); // the call is on its way
    controller.abort(reason);
    await expect(next).rejects.toBe(reason);
    await plugin.close();
    const other = await host.load(file, { isolation: 'process', restart: false });
    const late = (await other.new()).as(kind).items(hanging, { max: 1, timeout: 100 });
    await late.next();
    expect(await failureOf(() => late.next())).toMatchObject({ code: 'ERR_TENON_TIMEOUT' });
    await other.close();
  },
);

import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Batch, defineKind, type Instance, type LoadOptions, method, PluginHost } from '../src/index.js';
import { faultFile, pluginFile, withAddon } from './support/index.js';
import { tryable } from './support/tools.js';

/**
 * A tier and transport to run every case in. The outcome must be the same as inline: every byte of a result,
 * and every word of an error.
 */
interface Tier {
  readonly name: string;
  readonly options: LoadOptions;
}

const math = defineKind({
  name: 'math',
  version: '1.0.0',
  methods: { min: method({ a: 'i32', b: 'i32' }, { result: 'i32' }) },
});
const codec = defineKind({
  name: 'codec',
  version: '1.0.0',
  methods: { encode: method.bytes(), decode: method.bytes() },
});

const host = new PluginHost({ kinds: [math, codec] });
const tiers: readonly Tier[] = host.capabilities.isolation.flatMap((isolation): Tier[] => {
  if (isolation !== 'process') return [{ name: isolation, options: { isolation } }];
  return host.capabilities.transports.flatMap((transport): Tier[] => {
    const name = transport === 'pipe' ? 'process over a pipe' : 'process';
    const options: LoadOptions = { isolation, transport };
    if (process.platform !== 'linux') return [{ name, options }];
    return [
      { name, options },
      { name: `${name}, in the sandbox`, options: { ...options, sandbox: true } },
    ];
  });
});
const inlineTier: Tier = { name: 'inline', options: { isolation: 'inline' } };
afterAll(() => host.close());

const plugin = (file: string, { options }: Tier) => host.load(file, { ...options, restart: false });

/** Returns the outcome of a step in a form that can be compared. */
async function outcome(step: () => unknown): Promise<unknown> {
  try {
    const result: unknown = await step();
    if (result instanceof Uint8Array)
      return { bytes: result.length, sha: createHash('sha256').update(result).digest('hex') };
    return { result };
  } catch (error) {
    const { name, code, message, status } = error as {
      name: string;
      code: string;
      message: string;
      status?: string;
    };
    return { name, code, message, status };
  }
}

/** Creates an instance, passes it to `use`, and closes it. */
async function withInstance(
  file: string,
  tier: Tier,
  config: unknown,
  use: (instance: Instance) => unknown,
): Promise<unknown> {
  const loaded = await plugin(file, tier);
  try {
    const instance = await loaded.new(config);
    const result = await use(instance);
    await instance.close();
    return result;
  } finally {
    await loaded.close();
  }
}

/** Returns the outcomes of an asynchronous call, a synchronous call and a batch with the same input. */
const everyWay = async (instance: Instance, input: Uint8Array) => [
  await outcome(() => instance.call(input)),
  await outcome(() => instance.callSync(input)),
  await outcome(async () => batchOutcome(await instance.callMany(Batch.of([input, input])))),
];

const batchOutcome = (batch: Batch & { statuses: Int32Array }) => ({
  statuses: [...batch.statuses],
  offsets: [...batch.offsets],
  sha: createHash('sha256').update(batch.data).digest('hex'),
});

const text = Buffer.from('one two three\nTODO: four\n'.repeat(1000));
const SIZES = [0, 1, 63, 64, 65, 4095, 4096, 16_383, 16_384, 16_385, 65_536, 1_000_003, 8 << 20, 64 << 20];
const STATUSES = [
  'failed',
  'invalid',
  'unsupported',
  'busy',
  'no-memory',
  'panic',
  'poisoned',
  'closed',
  '42',
  'minus-one',
];

type Case = readonly [what: string, run: (tier: Tier) => Promise<unknown>];

const calls = (file: string, config: unknown, input: Uint8Array) => (tier: Tier) =>
  withInstance(file, tier, config, (instance) => everyWay(instance, input));

const cases: Case[] = [
  ['wordcount', calls(pluginFile('wordcount'), { minLength: 3 }, text)],
  [
    'wordcount with a config that it refuses',
    (tier) => outcome(() => withInstance(pluginFile('wordcount'), tier, { minLength: 'x' }, () => 0)),
  ],
  ['gzip', calls(pluginFile('gzip'), { level: 9 }, text)],
  ['echo', calls(pluginFile('echo'), undefined, text)],
  ['shout, a C++ plugin', calls(pluginFile('shout'), undefined, text)],
  ['an idle metronome', calls(pluginFile('metronome'), { interval: 60_000 }, Buffer.alloc(0))],
  ['math, which does not implement `something`', calls(pluginFile('math'), undefined, text)],
  ...tryable<Case>(
    [
      ['grep, a Rust plugin', calls(pluginFile('grep'), { pattern: 'T[OD]+' }, text)],
      ['zstd, a Rust plugin around a C library', calls(pluginFile('zstd-rs'), { level: 19 }, text)],
    ],
    ([name]) => name,
    () => ['cargo'],
  ),
  ...SIZES.map((size): Case => [`${size} bytes`, (tier) => bySize(tier, size)]),
  ...STATUSES.map((name): Case => [`the status ${name}`, (tier) => twice(`returns-${name}`, tier)]),
  ...['new-fails', 'new-fails-silently', 'new-returns-99', 'throws-in-new'].map(
    (name): Case => [name, (tier) => outcome(() => withInstance(faultFile(name), tier, undefined, () => 0))],
  ),
  ...[
    'len-over-capacity',
    'message-not-utf8',
    'writes-past-capacity',
    'moves-data',
    'throws-in-something',
    'throws-an-integer',
  ].map((name): Case => [name, (tier) => twice(name, tier)]),
  ['typed records', (tier) => records(tier)],
  [
    'a missing kind',
    (tier) =>
      outcome(() => withInstance(pluginFile('echo'), tier, undefined, (instance) => instance.asSync(math))),
  ],
  ['methods by name and by slot', (tier) => methods(tier)],
  ['a batch with failing messages', (tier) => failingBatch(tier)],
  [
    'an empty batch',
    (tier) =>
      withInstance(pluginFile('echo'), tier, undefined, async (instance) =>
        batchOutcome(await instance.callMany(Batch.of([]))),
      ),
  ],
  [
    'a closed instance',
    (tier) =>
      withInstance(pluginFile('echo'), tier, undefined, async (instance) => [
        await instance.close(),
        ...(await everyWay(instance, text)),
      ]),
  ],
  ['invalid arguments', arguments_],
];

async function bySize(tier: Tier, size: number): Promise<unknown> {
  const input = Buffer.alloc(size, 'tenon ');
  return withInstance(pluginFile('echo'), tier, undefined, async (instance) => [
    await outcome(() => instance.call(input)),
    await outcome(() => instance.callSync(input)),
  ]);
}

const twice = (name: string, tier: Tier) =>
  withInstance(faultFile(name), tier, undefined, async (instance) => [
    await outcome(() => instance.call(Buffer.from('x'))),
    await outcome(() => instance.callSync(Buffer.from('x'))),
  ]);

const records = (tier: Tier) =>
  withInstance(pluginFile('math'), tier, undefined, async (instance) => {
    const { min } = instance.asSync(math);
    const wrong = { a: 'one', b: 2 } as unknown as { a: number; b: number };
    return [
      min({ a: 1, b: 2 }),
      min({ a: 2 ** 31 - 1, b: -(2 ** 31) }),
      await outcome(() => min(wrong)),
      await outcome(() => min({ a: 2 ** 31, b: 0 })),
    ];
  });

const methods = (tier: Tier) =>
  withInstance(pluginFile('gzip'), tier, undefined, async (instance) => {
    const packed = await instance.method('encode').call(text);
    return [
      await outcome(() => instance.method('decode').callSync(packed)),
      await outcome(() => instance.method('codec/1', 1).call(packed)),
      await outcome(() => instance.method('codec/1', 1).call(text)),
      await outcome(() => instance.method('codec/1', 7)),
      await outcome(() => instance.method('other/1', 0)),
      await outcome(() => instance.method('min')),
    ];
  });

const failingBatch = (tier: Tier) =>
  withInstance(pluginFile('gzip'), tier, undefined, async (instance) => {
    const decode = instance.method('decode');
    const packed = await instance.call(text);
    return batchOutcome(
      await decode.callMany(Batch.of([packed, Buffer.from('not gzip'), packed, Buffer.alloc(0), packed])),
    );
  });

async function arguments_(tier: Tier): Promise<unknown> {
  const wrong = [
    'text',
    null,
    5,
    [1],
    new ArrayBuffer(4),
    new Uint8Array(new SharedArrayBuffer(4)),
    new Uint16Array(4),
  ];
  return withInstance(pluginFile('echo'), tier, undefined, async (instance) => {
    const outcomes = [];
    for (const input of wrong)
      outcomes.push(
        await outcome(() => instance.call(input as never)),
        await outcome(() => instance.callSync(input as never)),
      );
    for (const batch of [null, {}, { offsets: new Int32Array([0, 9]), data: Buffer.alloc(4), length: 1 }]) {
      outcomes.push(await outcome(() => instance.callMany(batch as never)));
    }
    return outcomes;
  });
}

describe.each(cases)('%s', (_, run) => {
  let inline: unknown;
  beforeAll(async () => {
    inline = await run(inlineTier);
  });

  test.each(tiers)('$name', async (tier) => {
    const found = tier.name === 'inline' ? inline : await run(tier);
    expect(found).toEqual(inline);
    expect(JSON.stringify(found)).not.toMatch(/TypeError|INTERNAL/);
  });
});

describe.runIf(withAddon).each(tiers)('events and log entries, $name', (tier) => {
  test('events arrive in order and once during calls', async () => {
    const seen = await withInstance(
      pluginFile('metronome'),
      tier,
      { interval: 1, count: 50 },
      async (instance) => {
        const ticks: number[] = [];
        const all = new Promise<void>((resolve) => {
          instance.on('message', (data) => {
            ticks.push(Number(data.readBigUInt64LE(0)));
            if (ticks.length === 50) resolve();
          });
        });
        for (let i = 0; i < 20; i++) await instance.call(Buffer.alloc(0));
        await all;
        return ticks;
      },
    );
    expect(seen).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
  });

  test('events emitted inside a call arrive in order', async () => {
    const events = await withInstance(faultFile('emits-reentrant'), tier, undefined, async (instance) => {
      const seen: string[] = [];
      instance.on('message', (data) => seen.push(data.toString('hex')));
      await instance.call(Buffer.from('x'));
      await new Promise((resolve) => setTimeout(resolve, 100));
      return seen;
    });
    expect((events as string[]).length).toBeGreaterThan(0);
    expect(events).toEqual([...(events as string[])].sort());
  });
});

/** Arguments of every wrong kind, and some right ones, so that calls get past their first check. */
import vm from 'node:vm';
import { Instance } from '../../src/host/instance.js';
import { Plugin } from '../../src/host/plugin.js';
import { Batch, BatchResult, defineKind, method } from '../../src/index.js';
import { pluginFile } from '../support/index.js';
import type { Random } from './random.js';

/** An error that an argument throws itself, such as the reason of a signal. */
export class OwnError extends Error {}

const throwing = (): never => {
  throw new OwnError('thrown by the argument');
};

/** A kind that the plugin `math` offers. */
export const math = defineKind({
  name: 'math',
  version: '1.0.0',
  methods: { min: method({ a: 'i32', b: 'i32' }, { result: 'i32' }) },
});

/** A kind that no plugin offers, with a field of every sort. */
export const odd = defineKind({
  name: 'odd',
  version: '1.0.0',
  methods: { take: method({ a: 'u8', b: 'u64[4]', c: 'f32' }, { d: 'bool' }) },
});

const PLAIN: readonly (() => unknown)[] = [
  () => undefined,
  () => null,
  () => true,
  () => false,
  ...[0, -0, 1, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY].map((n) => () => n),
  ...[2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 53, 2 ** 64, 1e300, Number.MIN_VALUE].map((n) => () => n),
  ...['', '\0', 'a', '..', '__proto__', 'constructor', 'x'.repeat(5000), '\ud800', 'a\nb\u001b[2J'].map(
    (text) => () => text,
  ),
  ...['inline', 'thread', 'process', 'pipe', 'wait', 'codec/1', 'something', 'math', 'min', '^1.0.0'].map(
    (text) => () => text,
  ),
  ...['/dev/zero', '/dev/null', '/proc/self/mem', '/proc/self/nothing'].map((path) => () => path),
  () => pluginFile('echo'),
  () => pluginFile('nothing'),
  () => Symbol('s'),
  () => Symbol.iterator,
  () => 1n,
  () => -(2n ** 80n),
];

const OBJECTS: readonly (() => unknown)[] = [
  () => [],
  () => ({}),
  () => new Array(5),
  () => new Array(3).fill(Symbol('in an array')),
  () => () => 1,
  () => throwing,
  () => class {},
  () => new Date(Number.NaN),
  () => new Map([[1, 2]]),
  () => new Set([1]),
  () => /x/,
  () => Promise.resolve(1),
  () => Object.defineProperty({}, 'then', { get: throwing }),
  () => Object.create(null),
  () => Object.freeze({ timeout: 1 }),
  () => new Error('an argument'),
  () => globalThis,
  () => {
    const cycle: Record<string, unknown> = {};
    cycle['self'] = cycle;
    return cycle;
  },
  () => {
    const cycle: unknown[] = [1];
    cycle.push(cycle);
    return cycle;
  },
  () => ({ deep: { big: 1n } }),
  () => ({ toString: throwing, valueOf: throwing, [Symbol.toPrimitive]: throwing, toJSON: throwing }),
  () => ({ toString: () => Symbol('not a string'), valueOf: () => ({}) }),
  () => ({ [Symbol.iterator]: throwing }),
  () => ({ [Symbol.iterator]: () => ({ next: throwing }) }),
  () => ({ length: -1 }),
  () => ({ length: 2 ** 40 }),
  () => vm.runInNewContext('({ a: 1 })'),
  () => vm.runInNewContext('new Uint8Array([1, 2, 3])'),
];

/** The members that options have, with one that throws when it is read. */
const THROWING_MEMBERS = [
  ...['isolation', 'timeout', 'signal', 'paths', 'kinds', 'trust', 'memory', 'read', 'name', 'methods'],
  ...['level', 'offsets', 'data', 'keepEnds', 'a', 'length', 'constructor', 'aborted'],
];

const PROXIES: readonly (() => unknown)[] = [
  () => new Proxy({}, {}),
  () => new Proxy(Buffer.alloc(4), {}),
  () => new Proxy(() => 1, {}),
  () => new Proxy([], { get: throwing }),
  () =>
    new Proxy(
      {},
      {
        get: throwing,
        has: throwing,
        ownKeys: throwing,
        getPrototypeOf: throwing,
        getOwnPropertyDescriptor: throwing,
      },
    ),
  ...[{}, [], () => 1].map((target) => () => {
    const { proxy, revoke } = Proxy.revocable(target, {});
    revoke();
    return proxy;
  }),
  ...THROWING_MEMBERS.map(
    (name) => () => Object.defineProperty({}, name, { get: throwing, enumerable: true }),
  ),
];

const detached = (): Uint8Array => {
  const memory = new ArrayBuffer(64);
  const view = new Uint8Array(memory);
  structuredClone(memory, { transfer: [memory] });
  return view;
};

const resizable = (bytes: number, most: number): ArrayBuffer =>
  Reflect.construct(ArrayBuffer, [bytes, { maxByteLength: most }]) as ArrayBuffer;

/** A view that is out of the bounds of its memory, which has shrunk. */
const shrunk = (): Uint8Array => {
  const memory = resizable(16, 16);
  const view = new Uint8Array(memory, 8, 8);
  (memory as ArrayBuffer & { resize?: (bytes: number) => void }).resize?.(4);
  return view;
};

const tampered = (change: (bytes: Buffer) => unknown) => () => {
  const bytes = Buffer.from('tampered');
  change(bytes);
  return bytes;
};

const MEMORY: readonly (() => unknown)[] = [
  () => Buffer.from('bytes'),
  () => new Uint8Array(0),
  () => Buffer.alloc(100_000),
  () => new Uint8Array(10).subarray(3, 3),
  detached,
  shrunk,
  () => new Uint8Array(new SharedArrayBuffer(16)),
  () => new Uint8Array(resizable(16, 4096)),
  () => resizable(16, 4096),
  () => new SharedArrayBuffer(8),
  () => new ArrayBuffer(8),
  () => new DataView(new ArrayBuffer(8)),
  () => new Float64Array(3),
  () => new BigInt64Array(2),
  () => new Uint8ClampedArray(4),
  () => new Uint16Array(2),
  () => new Int32Array([0, 1, 2]),
  () => new Int32Array([2, 1]),
  () => new Int32Array([-1, 5]),
  () => new Int32Array(0),
  () => new Int32Array([0, 2 ** 31 - 1]),
  () => new Int32Array(new SharedArrayBuffer(12)),
  tampered((bytes) => Object.defineProperty(bytes, 'buffer', { get: throwing })),
  tampered((bytes) => Object.defineProperty(bytes, 'byteLength', { value: -1 })),
  tampered((bytes) => Object.defineProperty(bytes, 'length', { value: 1000 })),
  tampered((bytes) => Object.setPrototypeOf(bytes, null)),
  () => Object.create(Uint8Array.prototype),
  () => Object.create(Int32Array.prototype),
];

const goodBatch = (): Batch => new Batch(new Int32Array([0, 1, 3]), Buffer.from('abc'));
const fakeBatch = (members: object) => (): unknown => Object.assign(Object.create(Batch.prototype), members);

const BATCHES: readonly (() => unknown)[] = [
  goodBatch,
  () => Batch.of([]),
  () => Object.create(Batch.prototype),
  () => Object.create(BatchResult.prototype),
  () => Object.create(Plugin.prototype),
  () => Object.create(Instance.prototype),
  () => {
    const batch = goodBatch();
    batch.offsets[2] = 2 ** 30;
    return batch;
  },
  fakeBatch({ offsets: new Int32Array([0, 5, 2 ** 31 - 1]), data: Buffer.from('x') }),
  fakeBatch({ offsets: new Int32Array([0, 1]), data: detached() }),
  fakeBatch({ offsets: new Int32Array(new SharedArrayBuffer(12)), data: Buffer.from('abc') }),
  fakeBatch({ offsets: new Int32Array([0, 1]), data: new Uint8Array(new SharedArrayBuffer(4)) }),
  () => Object.defineProperty(Object.create(Batch.prototype), 'offsets', { get: throwing }),
];

const SIGNALS: readonly (() => unknown)[] = [
  () => AbortSignal.abort(new OwnError('aborted')),
  () => AbortSignal.timeout(1),
  () => ({ aborted: true }),
  () => ({ aborted: false, addEventListener: throwing }),
  () => Object.create(AbortSignal.prototype),
  () => new EventTarget(),
  () => {
    const controller = new AbortController();
    setImmediate(() => controller.abort(new OwnError('aborted later')));
    return controller.signal;
  },
];

const KINDS: readonly (() => unknown)[] = [
  () => math,
  () => odd,
  () => ({ ...math }),
  () => Object.create(math),
];

const ATOMS = [PLAIN, OBJECTS, PROXIES, MEMORY, BATCHES, SIGNALS, KINDS];

/** The names of options and of their members, in every part of the API. */
const NAMES = [
  ...['isolation', 'unsupported', 'timeout', 'queue', 'maxInFlight', 'whenFull', 'profile', 'transport'],
  ...['restart', 'whenDown', 'limits', 'sandbox', 'env', 'cwd', 'crashInputs', 'startTimeout', 'grace'],
  ...['onCrash', 'signal', 'paths', 'depth', 'abi', 'versionPolicy', 'descriptor', 'trust', 'requireCheck'],
  ...['probe', 'verdicts', 'cacheDir', 'stateDir', 'kinds', 'mode', 'level', 'certificates', 'suite'],
  ...['owners', 'digests', 'lockFile', 'othersMayWrite', 'messages', 'bytes', 'max', 'within', 'backoff'],
  ...['initial', 'factor', 'jitter', 'healthyAfter', 'memory', 'cpu', 'files', 'read', 'folder', 'name'],
  ...['version', 'range', 'methods', 'keepEnds', 'exports', 'arch', 'a', 'b', '__proto__', 'then', 'length'],
];

/** Values that some options accept, so that the calls get further. */
const ACCEPTED: Readonly<Record<string, readonly unknown[]>> = {
  isolation: ['inline', 'thread', 'process'],
  unsupported: ['warn'],
  timeout: [5000, 2 ** 32, Number.POSITIVE_INFINITY],
  startTimeout: [2 ** 40],
  grace: [0, 2 ** 31],
  queue: [{ messages: 1 }],
  whenFull: ['wait'],
  transport: ['pipe', 'shared-memory'],
  restart: [false, { max: 0 }],
  limits: [{ memory: 2 ** 30 }, {}],
  sandbox: [true],
  env: [['PATH'], {}],
  cwd: ['/'],
  crashInputs: ['inputs', { folder: 'inputs', files: 1 }],
  onCrash: ['demote'],
  paths: [['.']],
  depth: [1],
  stateDir: ['state'],
  cacheDir: ['cache'],
  verdicts: ['verdicts.json'],
  probe: [{ mode: 'always' }],
  kinds: [[math]],
  signal: [new AbortController().signal],
  keepEnds: [true],
  name: ['x'],
  version: ['1.2.3'],
  methods: [{ f: method.bytes() }],
};
const ACCEPTED_NAMES = Object.keys(ACCEPTED);

/** Returns a random value: one of the list, or an object or array of such values. */
export function anyValue(random: Random, depth = 0): unknown {
  const kind = depth < 2 ? random.next() : 1;
  if (kind < 0.2) return anyObject(random, depth);
  if (kind < 0.25) return Array.from({ length: random.below(4) }, () => anyValue(random, depth + 1));
  return random.pick(random.pick(ATOMS))();
}

/** Returns an object of random options; sometimes something else. */
export function anyOptions(random: Random): unknown {
  return random.next() < 0.8 ? anyObject(random, 0) : anyValue(random);
}

function anyObject(random: Random, depth: number): object {
  const made = {};
  const isMostlyRight = random.next() < 0.5;
  for (let i = random.below(isMostlyRight ? 3 : 4); i >= 0; i--) {
    const name = random.pick(isMostlyRight ? ACCEPTED_NAMES : NAMES);
    const accepted = ACCEPTED[name];
    const isRight = isMostlyRight && accepted !== undefined && random.next() < 0.9;
    const value = isRight ? random.pick(accepted) : anyValue(random, depth + 1);
    Object.defineProperty(made, name, { value, enumerable: true, configurable: true, writable: true });
  }
  return made;
}

/** Returns options of a call, of which one may be wrong. */
export function anyCallOptions(random: Random): unknown {
  const signal = random.next() < 0.5 ? random.pick(SIGNALS)() : anyValue(random, 1);
  const timeout = random.next() < 0.5 ? random.pick(ACCEPTED['timeout'] ?? []) : anyValue(random, 1);
  return random.pick([{ signal }, { timeout }, { signal, timeout }, anyOptions(random)]);
}

/** Describes a value for the report of a failure. Never throws. */
export function describe(value: unknown): string {
  try {
    if (typeof value !== 'object' || value === null) return `${typeof value} ${String(value).slice(0, 40)}`;
    const name = Object.prototype.toString.call(value);
    return ArrayBuffer.isView(value) ? name : `${name} {${Object.keys(value).slice(0, 6).join(', ')}}`;
  } catch {
    return 'something that cannot be described';
  }
}

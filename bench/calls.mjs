/**
 * Measures a call against a hand-written C Node-API function that does the same work. Needs the programs that
 * `npm run bench` builds. Run it alone with `node bench/calls.mjs [BUILD_FOLDER [DIST_FOLDER]]`.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { moduleOf } from './modules.mjs';
import { measure } from './rounds.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const require = createRequire(import.meta.url);
const SUFFIX = { win32: '.dll', darwin: '.dylib' };

export const YARDSTICK = {
  buffer: 'C Node-API, Buffer → new Buffer',
  into: 'C Node-API, into a Buffer from JavaScript',
  record: 'C Node-API, (i32, i32) → i32',
  message: 'tenon callSync',
};

/**
 * Measures all contenders.
 *
 * @param {{build?: string, dist?: string, rounds?: number, roundMs?: number}} [options]
 * @returns {Promise<import('./rounds.mjs').Row[]>}
 */
export async function callRows({ build = join(root, 'build'), dist = join(root, 'dist'), ...options } = {}) {
  const found = await contenders(build, dist);
  const groups = [found.buffers, found.strongest, found.records, found.batches];
  const rows = groups.flatMap((group) => measure(group, options));
  found.close();
  return rows;
}

/** @param {string} build @param {string} dist */
async function contenders(build, dist) {
  const load = (/** @type {string} */ file) => moduleOf(dist, file);
  const tenon = await import(pathToFileURL(join(dist, 'index.js')).href);
  const byHand = require(join(build, 'bench', 'bench-c.node'));
  const wrapper = require(join(build, 'bench', 'bench-cpp.node'));
  const file = join(build, 'bench', `bench${SUFFIX[/** @type {'win32'} */ (process.platform)] ?? '.so'}`);
  const { instance, kind } = await tenonInstance(tenon, file);
  const { tier, binding, method, slots } = await withoutAddon(load, file);
  const koffi = koffiCall(slots.something);
  const input = Buffer.alloc(64, 'tenon ');
  const messages = Array.from({ length: 1000 }, () => Buffer.from(input));
  const packed = tenon.Batch.of(messages);
  const { buffer, into, record, message } = YARDSTICK;
  const api = instance.asSync(kind);
  const slow = method.record(8, 4);
  const words = new Int32Array(slow.input);
  const answer = new Int32Array(slow.output);
  const close = () => {
    instance.close();
    tier.close();
  };
  return {
    close,
    buffers: [
      { name: buffer, run: () => byHand.sum(input) },
      {
        name: into,
        against: buffer,
        run: () => intoMade(byHand, input),
      },
      { name: 'node-addon-api', against: buffer, run: () => wrapper.sum(input) },
      { name: message, against: buffer, run: () => instance.callSync(input) },
      { name: 'tenon without the addon, callSync', against: buffer, run: () => binding.callSync(input) },
      { name: 'koffi directly', against: buffer, run: () => koffi(input) },
    ],
    strongest: [
      { name: into, run: () => intoMade(byHand, input) },
      { name: message, against: into, run: () => instance.callSync(input) },
    ],
    records: [
      { name: record, run: () => byHand.min(3, 4) },
      { name: 'node-addon-api, (i32, i32) → i32', against: record, run: () => wrapper.min(3, 4) },
      { name: 'tenon typed record', against: record, run: () => api.min({ a: 3, b: 4 }).result },
      {
        name: 'tenon without the addon, record',
        against: record,
        run: () => {
          words[0] = 3;
          words[1] = 4;
          slow.invoke();
          if (slow.control[0] !== 0) slow.fail();
          return answer[0];
        },
      },
    ],
    batches: [
      { name: message, run: () => instance.callSync(input) },
      {
        name: 'tenon callMany, packed',
        against: message,
        messages: 1000,
        run: () => instance.callManySync(packed),
      },
      {
        name: 'tenon callMany, batch made from 1 000 Buffers',
        against: message,
        messages: 1000,
        run: () => instance.callManySync(tenon.Batch.of(messages)),
      },
      {
        name: 'tenon without the addon, callMany packed',
        against: message,
        messages: 1000,
        run: () => binding.callManySync(packed),
      },
    ],
  };
}

/** @param {{sumInto(input: Buffer, result: Buffer): void}} byHand @param {Buffer} input */
function intoMade(byHand, input) {
  const result = Buffer.allocUnsafe(8);
  byHand.sumInto(input, result);
  return result;
}

/** Creates an instance through the public API. @param {any} tenon @param {string} file */
async function tenonInstance(tenon, file) {
  const host = new tenon.PluginHost({ paths: [] });
  if (!host.capabilities.addon)
    throw new Error(`The benchmark needs the addon: ${host.capabilities.addonProblem}`);
  const plugin = await host.load(file);
  const kind = tenon.defineKind({
    name: 'bench',
    version: '1.0.0',
    methods: { min: tenon.method({ a: 'i32', b: 'i32' }, { result: 'i32' }) },
  });
  return { instance: await plugin.new(), kind };
}

/**
 * Creates an instance in the same tier through koffi, in the process that also uses the addon.
 *
 * @param {(file: string) => Promise<any>} load @param {string} file
 */
async function withoutAddon(load, file) {
  const { inspectFileSync } = await load('inspect/index.js');
  const { openLibrary } = await load('library/library.js');
  const { memory } = await load('library/memory.js');
  const { createInstance } = await load('tiers/inline/inline.js');
  const { koffiBackend } = await load('tiers/inline/koffi-backend.js');
  const { newTally } = await load('tiers/call-tally.js');
  const { DEFAULT_QUEUE, SOMETHING } = await load('tiers/tier.js');
  const library = openLibrary(file, inspectFileSync(file));
  const vtable = library.vtable();
  const context = {
    plugin: 'bench',
    path: file,
    queue: DEFAULT_QUEUE,
    tally: newTally(),
    memory,
    isPluginCode: (/** @type {bigint} */ address) => library.isCode(address),
  };
  const ignored = { message: () => undefined, log: () => undefined };
  const instance = createInstance(koffiBackend(), vtable, context, Buffer.alloc(0), ignored);
  const method = instance.bind({ kind: 'bench/1', slot: 0, name: 'bench.min' });
  return { tier: instance, binding: instance.bind(SOMETHING), method, slots: vtable.slots };
}

/**
 * Returns a call written with koffi alone: a decoded function, a reused output struct, and a copied result.
 *
 * @param {bigint} address
 */
function koffiCall(address) {
  const koffi = require('koffi');
  const something = koffi.decode(address, koffi.proto('int32', ['void *', 'void *', 'size_t', 'void *']));
  const memory = Buffer.allocUnsafeSlow(4096);
  const out = Buffer.alloc(4096, 0).subarray(0, 32);
  out.writeBigUInt64LE(koffi.address(memory), 0);
  out.writeBigUInt64LE(BigInt(memory.length), 16);
  const words = new Uint32Array(out.buffer, out.byteOffset, 8);
  return (/** @type {Buffer} */ input) => {
    words[2] = 0;
    words[3] = 0;
    const status = something(null, input, input.length, out);
    if (status !== 0) throw new Error(`status ${status}`);
    return Buffer.from(memory.subarray(0, words[2]));
  };
}

/** @param {import('./rounds.mjs').Row} row */
function line({ name, medianNs, p99Ns, ratio, against }) {
  const compared = ratio === null ? '' : `${ratio.toFixed(3)} × ${against}`;
  return `${name.padEnd(48)} ${medianNs.toFixed(1).padStart(9)} ns  p99 ${p99Ns.toFixed(1).padStart(9)} ns  ${compared}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [build, dist] = process.argv.slice(2);
  for (const row of await callRows({ ...(build && { build }), ...(dist && { dist }) }))
    console.log(line(row));
}

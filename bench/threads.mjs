/**
 * Measures calls of the thread tier against napi_async_work and worker_threads. Needs the programs that
 * `npm run bench` builds. Run it alone with `node bench/threads.mjs [BUILD_FOLDER [DIST_FOLDER]]`.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { moduleOf } from './modules.mjs';
import { measureAsync } from './rounds-async.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const require = createRequire(import.meta.url);
const SUFFIX = { win32: '.dll', darwin: '.dylib' };
const IN_FLIGHT = 64;

export const THREAD_YARDSTICK = {
  sequential: 'napi_async_work, sequential',
  maxInFlight: `napi_async_work, ${IN_FLIGHT} in flight`,
};

/**
 * Measures all contenders.
 *
 * @param {{build?: string, dist?: string, rounds?: number, roundMs?: number}} [options]
 * @returns {Promise<import('./rounds-async.mjs').AsyncRow[]>}
 */
export async function threadRows({
  build = join(root, 'build'),
  dist = join(root, 'dist'),
  ...options
} = {}) {
  const instance = await threadInstance(build, dist);
  const echo = echoWorker();
  try {
    const { one, many, sync } = contenders(instance, echo, join(build, 'bench', 'bench-async.node'));
    return [
      ...(await measureAsync(one, options)),
      ...(await measureAsync(many, options)),
      ...(await measureAsync(sync, options)),
    ];
  } finally {
    await echo.end();
    await instance.close();
  }
}

/** @param {any} instance @param {ReturnType<typeof echoWorker>} echo @param {string} baseline */
function contenders(instance, echo, baseline) {
  const byHand = require(baseline);
  const { call, callSync, callMany, batch } = instance;
  const input = Buffer.alloc(64, 'tenon ');
  const { sequential, maxInFlight } = THREAD_YARDSTICK;
  // A plain loop, because Array.from costs more per entry than the call that is measured.
  const atOnce = (/** @type {(input: Buffer) => Promise<unknown>} */ run) => () => {
    const calls = [];
    for (let i = 0; i < IN_FLIGHT; i++) calls.push(run(input));
    return Promise.all(calls);
  };
  const work = (/** @type {Buffer} */ bytes) => byHand.sum(bytes);
  return {
    one: [
      { name: sequential, run: () => work(input) },
      { name: 'tenon, thread, call', against: sequential, run: () => call(input) },
      { name: 'worker_threads, postMessage', against: sequential, run: () => echo.call(input) },
    ],
    many: [
      { name: maxInFlight, messages: IN_FLIGHT, run: atOnce(work) },
      {
        name: `tenon, thread, ${IN_FLIGHT} in flight`,
        messages: IN_FLIGHT,
        against: maxInFlight,
        run: atOnce(call),
      },
      {
        name: `worker_threads, ${IN_FLIGHT} in flight`,
        messages: IN_FLIGHT,
        against: maxInFlight,
        run: atOnce(echo.call),
      },
      {
        name: 'tenon, thread, callMany of 1 000, per message',
        messages: 1000,
        against: maxInFlight,
        run: () => callMany(batch),
      },
    ],
    sync: [{ name: 'tenon, thread, callSync', run: async () => callSync(input) }],
  };
}

/** @param {string} build @param {string} dist */
async function threadInstance(build, dist) {
  const load = (/** @type {string} */ file) => moduleOf(dist, file);
  const { inspectFileSync } = await load('inspect/index.js');
  const { openLibrary } = await load('library/library.js');
  const { memory } = await load('library/memory.js');
  const { Batch } = await load('base/batch.js');
  const { createThreadInstance } = await load('tiers/thread/instance.js');
  const { newTally } = await load('tiers/call-tally.js');
  const { DEFAULT_QUEUE, SOMETHING } = await load('tiers/tier.js');
  const file = join(build, 'bench', `bench${SUFFIX[/** @type {'win32'} */ (process.platform)] ?? '.so'}`);
  const library = openLibrary(file, inspectFileSync(file));
  const context = {
    plugin: 'bench',
    path: file,
    queue: DEFAULT_QUEUE,
    tally: newTally(),
    memory,
    isPluginCode: (/** @type {bigint} */ address) => library.isCode(address),
  };
  const ignored = { message: () => undefined, log: () => undefined };
  const tier = await createThreadInstance(library.vtable(), context, Buffer.alloc(0), ignored);
  const binding = tier.bind(SOMETHING);
  return {
    call: (/** @type {Buffer} */ input) => binding.call(input),
    callSync: (/** @type {Buffer} */ input) => binding.callSync(input),
    callMany: (/** @type {any} */ batch) => binding.callMany(batch),
    batch: Batch.of(Array.from({ length: 1000 }, () => Buffer.alloc(64, 'tenon '))),
    close: () => tier.close(),
  };
}

/** Starts a worker that answers each message with eight bytes and does no other work. */
function echoWorker() {
  const source = `const { parentPort } = require('node:worker_threads');
    parentPort.on('message', () => parentPort.postMessage(new Uint8Array(8)));`;
  const worker = new Worker(source, { eval: true });
  const waiting = /** @type {((answer: unknown) => void)[]} */ ([]);
  worker.on('message', (answer) => waiting.shift()?.(answer));
  return {
    call: (/** @type {Buffer} */ input) =>
      new Promise((resolve) => {
        waiting.push(resolve);
        worker.postMessage(Uint8Array.from(input));
      }),
    end: () => worker.terminate(),
  };
}

/** @param {import('./rounds-async.mjs').AsyncRow} row */
function line({ name, medianNs, p99Ns, maxNs, ratio, against }) {
  const micro = (/** @type {number} */ ns) => (ns / 1000).toFixed(2).padStart(8);
  const compared = ratio === null ? '' : `${ratio.toFixed(3)} × ${against}`;
  return `${name.padEnd(40)} ${micro(medianNs)} µs  p99 ${micro(p99Ns)} µs  max ${micro(maxNs)} µs  ${compared}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [build, dist] = process.argv.slice(2);
  for (const row of await threadRows({ ...(build && { build }), ...(dist && { dist }) }))
    console.log(line(row));
}

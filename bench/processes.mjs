/**
 * Measures the process tier against other ways to send messages between processes. Needs the programs that
 * `npm run bench` builds, and Linux. Run it alone with `node bench/processes.mjs [BUILD_FOLDER
 * [DIST_FOLDER]]`.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { moduleOf } from './modules.mjs';
import { peersOf } from './peers.mjs';
import { PLOTTED, quantile } from './rounds.mjs';
import { measureAsync } from './rounds-async.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const MEBIBYTE = 1 << 20;
const AT_ONCE = 64;
/** The number of calls per reading of the clock. */
const SLICE = 16;
const CROWD = 200;
const IDLE_MS = 2000;

export const PROCESS_YARDSTICK = {
  bare: 'two C processes over shared memory, awake',
  asleep: 'two C processes over shared memory, asleep',
  fork: 'child_process.fork, IPC, json',
  copy: 'memcpy of 2 MiB',
  fresh: 'memcpy of 2 MiB into a new Buffer',
};

/** @typedef {import('./rounds-async.mjs').AsyncRow} AsyncRow */
/** @typedef {Awaited<ReturnType<typeof tierOf>>} Tier */

/**
 * Measures calls, payloads, starts and crashes.
 *
 * @param {{build?: string, dist?: string, rounds?: number, roundMs?: number}} [options]
 * @returns {Promise<AsyncRow[]>}
 */
export async function processRows({
  build = join(root, 'build'),
  dist = join(root, 'dist'),
  ...options
} = {}) {
  const tier = await tierOf(build, dist);
  const peers = peersOf(build);
  try {
    return [
      ...(await bareRows(tier, peers, options)),
      ...(await measureAsync(await callContenders(tier, peers), options)),
      ...(await measureAsync(await payloadContenders(tier), options)),
      ...(await lifeRows(tier, options.rounds ?? 21)),
    ];
  } finally {
    await Promise.all(peers.map(({ end }) => end()));
    await tier.end();
  }
}

/**
 * Measures 200 runners at once: their start, and their CPU time and memory while they are idle.
 *
 * @param {{build?: string, dist?: string}} [options]
 * @returns {Promise<{startMs: number, idlePercent: number, rssMb: number, ownMb: number}>}
 */
export async function processCrowd({ build = join(root, 'build'), dist = join(root, 'dist') } = {}) {
  const tier = await tierOf(build, dist);
  try {
    const start = performance.now();
    const all = await Promise.all(Array.from({ length: CROWD }, () => tier.instance()));
    await Promise.all(all.map(({ act }) => act.call(Buffer.from('x'))));
    const startMs = performance.now() - start;
    const plugins = all.map(({ runner }) => runner.pid);
    const pids = [...plugins, ...plugins.map(parentOf)];
    await new Promise((resolve) => setTimeout(resolve, 300));
    const before = cpuSeconds([process.pid, ...pids]);
    await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
    const idlePercent = ((cpuSeconds([process.pid, ...pids]) - before) * 1000 * 100) / IDLE_MS;
    // The memory of a runner includes its keeper.
    const rss = plugins.map((pid) => (statusOf(pid, 'VmRSS') + statusOf(parentOf(pid), 'VmRSS')) / 1024);
    const own = plugins.map((pid) => (statusOf(pid, 'RssAnon') + statusOf(parentOf(pid), 'RssAnon')) / 1024);
    return { startMs, idlePercent, rssMb: quantile(rss, 1), ownMb: quantile(own, 1) };
  } finally {
    await tier.end();
  }
}

/**
 * Returns the figures with a limit, each with its measured value.
 *
 * @param {readonly AsyncRow[]} rows
 * @param {Awaited<ReturnType<typeof processCrowd>>} crowd
 */
export function processFigures(rows, crowd) {
  const row = (/** @type {string} */ name) => rows.find((one) => one.name === name);
  const ns = (/** @type {string} */ name) => row(name)?.medianNs ?? Number.NaN;
  const ipc = PROCESS_YARDSTICK.fork;
  const sync = 'tenon, process, callSync (latency)';
  const figure = (
    /** @type {string} */ what,
    /** @type {number} */ found,
    /** @type {number} */ limit,
    /** @type {string} */ unit,
  ) => ({
    what,
    found,
    limit,
    unit,
  });
  return [
    figure('process: callSync, 64 bytes, against two C processes', row(sync)?.ratio ?? Number.NaN, 1.5, '×'),
    figure('process: callSync, 64 bytes, against fork IPC', ns(sync) / ns(ipc), 0.1, '×'),
    figure(
      'process: sequential calls, against fork IPC',
      row('tenon, process, call')?.ratio ?? Number.NaN,
      0.5,
      '×',
    ),
    figure(
      'process: callMany, packed, 1 000 × 64 bytes, per message',
      ns('tenon, process, callMany of 1 000, per message') / 1e3,
      1,
      'µs',
    ),
    figure(
      'process: round trip of 1 MiB in reused memory, against memcpy of 2 MiB',
      row('tenon, process, 1 MiB in reused memory')?.ratio ?? Number.NaN,
      2,
      '×',
    ),
    figure(
      'process: callSync of 1 MiB, its result in a new Buffer, against memcpy of 2 MiB',
      ns('tenon, process, callSync of 1 MiB') / ns(PROCESS_YARDSTICK.copy),
      2,
      '×',
    ),
    figure('process: start to the first answer', ns('tenon, process, start to first answer') / 1e6, 15, 'ms'),
    figure(
      'process: SIGSEGV to rejected promise',
      ns('tenon, process, SIGSEGV to rejected promise') / 1e6,
      10,
      'ms',
    ),
    figure(`process: start of ${CROWD} plugins`, crowd.startMs / 1000, 4, 's'),
    figure(
      `process: CPU time of ${CROWD} idle plugins and their host, of one core`,
      crowd.idlePercent,
      1,
      '%',
    ),
    figure('process: RSS of a runner', crowd.rssMb, 5, 'MB'),
  ];
}

/**
 * Measures synchronous calls against the minimal cost of shared memory, in interleaved rounds.
 *
 * @param {Tier} tier @param {ReturnType<typeof peersOf>} peers @param {{rounds?: number, roundMs?: number}}
 * options
 */
async function bareRows(tier, [pingpong], { rounds = 21, roundMs = 10 }) {
  const { bare, asleep } = PROCESS_YARDSTICK;
  const input = Buffer.alloc(64, 'tenon ');
  const [latency, idle] = [
    await tier.instance({ profile: 'latency' }),
    await tier.instance({ profile: 'efficient' }),
  ];
  const lanes = [
    { name: bare, against: null, once: () => pingpong.order('spin', roundMs) },
    {
      name: 'tenon, process, callSync (latency)',
      against: bare,
      once: () => callFor(latency.act, input, roundMs),
    },
    { name: asleep, against: null, once: () => pingpong.order('sleep', roundMs) },
    {
      name: 'tenon, process, callSync (idle)',
      against: asleep,
      once: () => callFor(idle.act, input, roundMs),
    },
  ].map((lane) => ({ ...lane, means: /** @type {number[]} */ ([]) }));
  for (let round = -1; round < rounds; round++) {
    for (const lane of lanes) {
      const mean = await lane.once();
      if (round >= 0) lane.means.push(mean);
    }
  }
  await Promise.all([latency, idle].map(({ runner }) => runner.stop(1000)));
  return lanes.map(({ name, against, means }) => {
    const yardstick = lanes.find((lane) => lane.name === against);
    const ratios = yardstick?.means.map((least, round) => (means[round] ?? Number.NaN) / least);
    return rowOf(name, means, ratios ? quantile(ratios, 0.5) : null, against);
  });
}

/**
 * Calls for `ms` milliseconds. Returns the median of slices, like pingpong.cc.
 *
 * @param {{callSync(input: Buffer): unknown}} act
 * @param {Buffer} input
 * @param {number} ms
 */
function callFor(act, input, ms) {
  const slices = [];
  const start = performance.now();
  let last = start;
  while (last - start < ms) {
    for (let i = 0; i < SLICE; i++) act.callSync(input);
    const now = performance.now();
    slices.push(((now - last) * 1e6) / SLICE);
    last = now;
  }
  return quantile(slices, 0.5);
}

/** @param {Tier} tier @param {ReturnType<typeof peersOf>} peers */
async function callContenders(tier, [, json, advanced, worker, socket]) {
  const against = PROCESS_YARDSTICK.fork;
  const input = Buffer.alloc(64, 'tenon ');
  const text = input.toString();
  const { act } = await tier.instance();
  const batch = tier.Batch.of(Array.from({ length: 1000 }, () => input));
  return [
    { name: against, run: () => json.pass(text) },
    { name: 'child_process.fork, IPC, advanced', against, run: () => advanced.pass(input) },
    { name: 'worker_threads, postMessage', against, run: () => worker.pass(Uint8Array.from(input)) },
    { name: 'UNIX socket to a C process', against, run: () => socket.pass(input) },
    { name: 'tenon, process, call', against, run: () => act.call(input) },
    {
      name: `tenon, process, ${AT_ONCE} in flight`,
      against,
      messages: AT_ONCE,
      run: () => Promise.all(Array.from({ length: AT_ONCE }, () => act.call(input))),
    },
    {
      name: 'tenon, process, callMany of 1 000, per message',
      against,
      messages: 1000,
      run: () => act.callMany(batch),
    },
  ];
}

/** @param {Tier} tier */
async function payloadContenders(tier) {
  const { copy, fresh } = PROCESS_YARDSTICK;
  const input = Buffer.alloc(MEBIBYTE, 'tenon ');
  const [from, to] = [Buffer.alloc(2 * MEBIBYTE, 1), Buffer.alloc(2 * MEBIBYTE)];
  const { act } = await tier.instance();
  const record = act.record(MEBIBYTE, MEBIBYTE);
  new Uint8Array(record.input).set(input);
  return [
    { name: copy, run: async () => from.copy(to) },
    {
      name: 'tenon, process, 1 MiB in reused memory',
      against: copy,
      run: async () => {
        record.invoke();
        if (record.control[0] !== 0) record.fail();
      },
    },
    { name: fresh, run: async () => from.copy(Buffer.allocUnsafeSlow(from.length)) },
    { name: 'tenon, process, callSync of 1 MiB', against: fresh, run: async () => act.callSync(input) },
    { name: 'tenon, process, call of 1 MiB', against: fresh, run: () => act.call(input) },
  ];
}

/** Measures starts and crashes, each with its own process. @param {Tier} tier @param {number} rounds */
async function lifeRows(tier, rounds) {
  const starts = [];
  const crashes = [];
  for (let round = -2; round < rounds; round++) {
    const begun = performance.now();
    const { act } = await tier.instance();
    act.callSync(Buffer.from('x'));
    const answered = performance.now();
    await act.call(Buffer.alloc(0)).catch(() => undefined);
    const refused = performance.now();
    if (round < 0) continue;
    starts.push((answered - begun) * 1e6);
    crashes.push((refused - answered) * 1e6);
  }
  return [
    rowOf('tenon, process, start to first answer', starts, null, null),
    rowOf('tenon, process, SIGSEGV to rejected promise', crashes, null, null),
  ];
}

/**
 * @param {string} name @param {number[]} samples @param {number | null} ratio @param {string | null} against
 */
function rowOf(name, samples, ratio, against) {
  const [medianNs, p99Ns, maxNs] = [0.5, 0.99, 1].map((q) => quantile(samples, q));
  const quantilesNs = PLOTTED.map((q) => quantile(samples, q));
  return /** @type {AsyncRow} */ ({ name, medianNs, p99Ns, maxNs, quantilesNs, ratio, against });
}

/**
 * Returns a factory of runners. Their plugin returns its input, and crashes if the input is empty.
 *
 * @param {string} build @param {string} dist
 */
async function tierOf(build, dist) {
  const load = (/** @type {string} */ file) => moduleOf(dist, file);
  const { RunnerProcess } = await load('tiers/process/runner-process.js');
  const { newTally } = await load('tiers/call-tally.js');
  const { DEFAULT_QUEUE, SOMETHING } = await load('tiers/tier.js');
  const { Batch } = await load('base/batch.js');
  const file = join(build, 'bench', 'crash.so');
  const settings = {
    file,
    shown: file,
    plugin: 'crash',
    abi: '1.0.0',
    generation: 1,
    profile: 'balanced',
    transport: 'shared-memory',
    timeout: undefined,
    startTimeout: 10_000,
    maxInFlight: 1024,
    whenFull: 'fail',
    queue: DEFAULT_QUEUE,
    tally: newTally(),
    limits: {},
    env: {},
    cwd: undefined,
  };
  const ignored = { message: () => undefined, log: () => undefined };
  const silent = { stdout: () => undefined, stderr: () => undefined, exit: () => undefined };
  const runners = /** @type {any[]} */ ([]);
  // The instances are referenced here, because an unreferenced instance is dropped.
  const instances = /** @type {any[]} */ ([]);
  return {
    Batch,
    /** @param {object} [more] */
    async instance(more) {
      const runner = await RunnerProcess.start({ ...settings, ...more }, silent);
      runners.push(runner);
      const instance = await runner.create(Buffer.alloc(0), ignored);
      instances.push(instance);
      return { runner, act: instance.bind(SOMETHING) };
    },
    async end() {
      await Promise.all(runners.map((runner) => runner.stop(1000)));
      instances.length = 0;
    },
  };
}

/** Returns a field of the status of a process, in kB. @param {number} pid @param {string} field */
function statusOf(pid, field) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]);
}

/** @param {number} pid */
function parentOf(pid) {
  return Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

/** @param {readonly number[]} pids */
function cpuSeconds(pids) {
  const ticks = pids.map((pid) => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return Number(fields[11]) + Number(fields[12]);
  });
  return ticks.reduce((sum, one) => sum + one, 0) / 100;
}

/** @param {AsyncRow} row */
function line({ name, medianNs, p99Ns, maxNs, ratio, against }) {
  const micro = (/** @type {number} */ ns) => (ns / 1000).toFixed(2).padStart(9);
  const compared = ratio === null ? '' : `${ratio.toFixed(3)} × ${against}`;
  return `${name.padEnd(46)} ${micro(medianNs)} µs  p99 ${micro(p99Ns)} µs  max ${micro(maxNs)} µs  ${compared}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [build, dist] = process.argv.slice(2);
  const folders = { ...(build && { build }), ...(dist && { dist }) };
  const rows = await processRows(folders);
  for (const row of rows) console.log(line(row));
  for (const { what, found, limit, unit } of processFigures(rows, await processCrowd(folders))) {
    console.log(
      `${what.padEnd(60)} ${found.toPrecision(3)} ${unit} of ${limit} ${unit} ${found <= limit ? '' : 'MISSED'}`,
    );
  }
}

/**
 * Measures flows: W1 (file → lines → blackhole, JSON lines, acknowledgements on) against Node streams, the latency at a
 * fixed rate, and the redelivery after the death of a sink. Needs the plugins that `npm run bench` builds. Run it alone
 * with `npm run bench -- flow`, or `node bench/flow.mjs [BUILD_FOLDER [DIST_FOLDER]]`.
 */
import { createReadStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import split2 from 'split2';
import { jsonLines, PIECE } from './flow-input.mjs';
import { jetStreamFigures, jetStreamRows } from './flow-jetstream.mjs';
import { flowPeers } from './flow-peers.mjs';
import { quantile } from './rounds.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const RATE = 10_000;
/** The length of a run at that rate in seconds, and the runs before the one that counts. */
const [SECONDS, WARM_UPS] = [10, 2];
const NODE_STREAMS = 'Node streams with split2';
/** The peers are programs of their own, which need no warm-up, and Benthos needs half a minute for a round. */
const PEER_ROUNDS = 2;

/**
 * `ratio` is that to Node streams. `times` is how often the flow in the process tier is as fast as this peer.
 *
 * @typedef {{name: string, eventsPerSecond: number, ratio: number | null, times?: number}} FlowRow
 * @typedef {{what: string, found: number, limit: number, unit: string, least?: boolean}} Figure
 * @typedef {{rows: FlowRow[], figures: Figure[], jetStream: import('./flow-jetstream.mjs').JetStreamRow[], skipped:
 * string[]}} FlowResult
 */

/** The contender that most programs would write. @param {string} path */
async function nodeStreams(path) {
  let lines = 0;
  const blackhole = new Writable({
    objectMode: true,
    write: (_line, _encoding, done) => {
      lines += 1;
      done();
    },
  });
  await pipeline(createReadStream(path, { highWaterMark: PIECE }), split2(), blackhole);
  return lines;
}

/**
 * Runs W1 in tenon.
 *
 * @param {{PluginHost: any, World: any, flow: any}} tenon @param {string} plugins @param {string} folder
 * @param {string} path @param {string} isolation
 */
async function tenonFlow({ PluginHost, World, flow }, plugins, folder, path, isolation) {
  const host = new PluginHost({ paths: [plugins] });
  const world = new World({ host, state: join(folder, 'state'), load: { isolation } });
  world
    .define('in', { plugin: 'blaster', config: { path, piece: PIECE }, preprocessors: ['lines'] })
    .define('out', { plugin: 'blackhole', config: { print: false } });
  const start = performance.now();
  const running = await world.deploy(flow('w1').from('in').to('out'));
  await running.ended;
  const ms = performance.now() - start;
  const { delivered } = running.metrics();
  await world.close();
  await host.close();
  rmSync(join(folder, 'state'), { recursive: true });
  return { ms, lines: delivered };
}

/**
 * The calls of W1 by hand, without ledger, acknowledgements, checkpoint and metrics. Both times contain the loading of the
 * plugins.
 *
 * @param {{PluginHost: any, flow: any}} tenon @param {any} kinds @param {string} plugins @param {string} path
 * @param {string} isolation
 */
async function byHand({ PluginHost }, { SOURCE, PREPROCESSOR, SINK }, plugins, path, isolation) {
  const host = new PluginHost({ paths: [plugins] });
  const instances = /** @type {any[]} */ ([]);
  const make = async (/** @type {string} */ name, /** @type {any} */ kind, config = {}) => {
    const instance = await (await host.load(name, { isolation })).new(config);
    instances.push(instance);
    return instance.as(kind);
  };
  const start = performance.now();
  const source = await make('blaster', SOURCE, { path, piece: PIECE });
  const stage = await make('lines', PREPROCESSOR);
  const sink = await make('blackhole', SINK, { print: false });
  await source.connect(new Uint8Array(0));
  await sink.connect(new Uint8Array(0));
  const credit = new BigUint64Array([65_536n, 1_048_576n]);
  let lines = 0;
  let writing = Promise.resolve();
  for (let done = false; !done; ) {
    const frame = await source.pull(new Uint8Array(credit.buffer));
    done = new Uint32Array(frame.buffer, frame.byteOffset, 12)[11] === 2;
    const made = await stage.process(frame);
    lines += new Uint32Array(made.buffer, made.byteOffset, 2)[1] ?? 0;
    await writing;
    writing = sink.write(made);
  }
  await writing;
  const ms = performance.now() - start;
  for (const instance of instances) await instance.close();
  await host.close();
  return { ms, lines };
}

/**
 * @param {{build?: string, dist?: string, rounds?: number, count?: number}} [options]
 * @returns {Promise<FlowResult>}
 */
export async function flowRows({
  build = join(root, 'build'),
  dist = join(root, 'dist'),
  rounds = 5,
  count = 1_000_000,
} = {}) {
  const load = (/** @type {string} */ file) => import(pathToFileURL(join(dist, file)).href);
  const kinds = await load('flow/index.js');
  const tenon = { ...(await load('index.js')), ...kinds };
  const plugins = join(build, 'plugins', 'flow');
  const folder = mkdtempSync(join(tmpdir(), 'tenon-bench-'));
  try {
    const path = jsonLines(folder, count);
    const timed = async (/** @type {() => Promise<number>} */ run) => {
      const start = performance.now();
      const lines = await run();
      return { ms: performance.now() - start, lines };
    };
    const { peers, skipped } = flowPeers(build, folder);
    const contenders = [
      { name: NODE_STREAMS, run: () => timed(() => nodeStreams(path)) },
      ...['inline', 'thread', 'process'].flatMap((tier) => [
        { name: `tenon, ${tier}`, run: () => tenonFlow(tenon, plugins, folder, path, tier) },
        { name: `the same calls by hand, ${tier}`, run: () => byHand(tenon, kinds, plugins, path, tier) },
      ]),
      ...peers.map(({ name, run }) => ({ name, run: () => run(path), isPeer: true })),
    ];
    const times = contenders.map(() => /** @type {number[]} */ ([]));
    for (let round = -1; round < rounds; round++)
      for (const [index, { name, run, isPeer }] of contenders.entries()) {
        if (isPeer && (round < 0 || round >= PEER_ROUNDS)) continue;
        const { ms, lines } = await run();
        if (lines !== count) throw new Error(`${name} delivered ${lines} of ${count} lines.`);
        if (round >= 0) times[index]?.push(ms);
      }
    const ratioTo = (/** @type {number} */ index, /** @type {number} */ to) =>
      quantile(
        (times[index] ?? []).map((ms, round) => (times[to]?.[round] ?? 0) / ms),
        0.5,
      );
    const whole = contenders.findIndex(({ name }) => name === 'tenon, process');
    const rows = contenders.map(({ name, isPeer }, index) => ({
      name,
      eventsPerSecond: (count * 1000) / quantile(times[index] ?? [], 0.5),
      ratio: index === 0 ? null : ratioTo(index, 0),
      ...(isPeer && { times: 1 / ratioTo(index, whole) }),
    }));
    const latency = await latencyAtRate(tenon, plugins, folder);
    const redelivery = await redeliveries(tenon, plugins, folder, rounds);
    const jetStream = await jetStreamRows({ dist, rounds: Math.min(rounds, 3), count });
    const figures = figuresOf(rows, ratioTo, latency, redelivery);
    return {
      rows,
      figures: [...figures, ...jetStreamFigures(jetStream.rows)],
      jetStream: jetStream.rows,
      skipped: [...skipped, ...jetStream.skipped],
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Returns the lines of a table with a row for each contender.
 *
 * @param {FlowResult} result @param {(value: number) => string} round
 */
export function flowTable({ rows, jetStream, skipped }, round) {
  const rate = (/** @type {number} */ perSecond) => `${round(perSecond / 1e6)} M events/s`;
  const against = ({ ratio, times }) => {
    if (times !== undefined) return `tenon, process: ${round(times)} × this`;
    return ratio === null ? '' : `${round(ratio)} × ${NODE_STREAMS}`;
  };
  const [one] = jetStream;
  return [
    '| flow of 1 000 000 JSON lines: file, lines, blackhole | median | ratio |',
    '| --- | --- | --- |',
    ...rows.map((row) => `| ${row.name} | ${rate(row.eventsPerSecond)} | ${against(row)} |`),
    ...jetStream.map(
      ({ name, eventsPerSecond }) =>
        `| ${name} | ${rate(eventsPerSecond)} | ${round(eventsPerSecond / (one?.eventsPerSecond ?? 1))} × one host |`,
    ),
    '',
    ...skipped.map((reason) => `Left out: ${reason}.`),
    ...(skipped.length > 0 ? [''] : []),
  ];
}

/**
 * Measures the time from due to acknowledged, for some seconds. Flows run for hours, so the first runs only warm up: p99
 * fell from 1.6 ms in the first run of a process to 0.8 ms in the third.
 *
 * @param {any} tenon @param {string} plugins @param {string} folder
 */
async function latencyAtRate(tenon, plugins, folder) {
  const path = jsonLines(folder, SECONDS * RATE);
  for (let run = 0; run < WARM_UPS; run++) await latencyOf(tenon, plugins, folder, path);
  return await latencyOf(tenon, plugins, folder, path);
}

/** @param {any} tenon @param {string} plugins @param {string} folder @param {string} path */
async function latencyOf({ PluginHost, World, flow }, plugins, folder, path) {
  const host = new PluginHost({ paths: [plugins] });
  const world = new World({
    host,
    state: mkdtempSync(join(folder, 'rate-')),
    load: { isolation: 'process' },
  });
  world
    .define('in', { plugin: 'blaster', config: { path, rate: RATE } })
    .define('out', { plugin: 'blackhole', config: { print: false } });
  const running = await world.deploy(flow('rate').from('in').to('out'));
  await running.ended;
  const { latency } = running.metrics();
  await world.close();
  await host.close();
  return latency;
}

/**
 * Kills the process of a sink in the middle of a flow at a fixed rate, again and again. Returns the longest time without
 * a delivery around each kill, in milliseconds.
 *
 * @param {any} tenon @param {string} plugins @param {string} folder @param {number} kills
 */
async function redeliveries({ PluginHost, World, flow }, plugins, folder, kills) {
  const path = jsonLines(folder, RATE);
  const host = new PluginHost({ paths: [plugins] });
  const world = new World({ host, state: join(folder, 'kill'), load: { isolation: 'process' } });
  world
    .define('in', { plugin: 'blaster', config: { path, rate: RATE, loops: 0 } })
    .define('out', { plugin: 'blackhole', config: { print: false } });
  const running = await world.deploy(flow('kill').from('in').to('out'));
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  const delivered = () => running.metrics().delivered;
  const found = [];
  for (let kill = 0; kill < kills; kill++) {
    const before = delivered();
    while (delivered() < before + RATE / 10) await turn();
    const pid = host.stats().plugins.find((/** @type {any} */ { name }) => name === 'blackhole').pid;
    const start = performance.now();
    process.kill(pid, 'SIGKILL');
    // An answer from before the signal does not count: it must come from another process.
    const { reconnects } = running.metrics().sinks.out;
    while (running.metrics().sinks.out.reconnects === reconnects) await turn();
    const sofar = delivered();
    while (delivered() === sofar) await turn();
    found.push(performance.now() - start);
  }
  await running.drain();
  await world.close();
  await host.close();
  return quantile(found, 0.5);
}

/**
 * @param {readonly FlowRow[]} rows @param {(index: number, to: number) => number} ratio @param {{p99: number}} latency
 * @param {number} redelivery
 */
function figuresOf(rows, ratio, latency, redelivery) {
  const at = (/** @type {string} */ name) => rows.findIndex((row) => row.name === name);
  const figure = (
    /** @type {string} */ what,
    /** @type {number} */ found,
    /** @type {number} */ limit,
    unit = '×',
  ) => ({
    what: `flow: ${what}`,
    found,
    limit,
    unit,
  });
  const [hand, whole] = [at('the same calls by hand, process'), at('tenon, process')];
  return [
    {
      ...figure('W1 in the process tier, against Node streams', rows[whole]?.ratio ?? Number.NaN, 2),
      least: true,
    },
    {
      ...figure('W1 inline, against Node streams', rows[at('tenon, inline')]?.ratio ?? Number.NaN, 3),
      least: true,
    },
    ...rows.flatMap(({ name, times }) => {
      if (times === undefined) return [];
      const limit = name.startsWith('Benthos') ? 10 : 1;
      return [{ ...figure(`W1 in the process tier, against ${name}`, times, limit), least: true }];
    }),
    figure(
      'ledger, checkpoints and metrics, share of the time of W1',
      100 * (1 - ratio(whole, hand)),
      15,
      '%',
    ),
    figure(`p99 from due to acknowledged, process tier, ${RATE} events/s, warm`, latency.p99 / 1000, 1, 'ms'),
    figure('SIGKILL of a sink to the next answer', redelivery, 30, 'ms'),
  ];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [build, dist] = process.argv.slice(2);
  const result = await flowRows({ ...(build && { build }), ...(dist && { dist }) });
  for (const line of flowTable(result, (value) => value.toPrecision(3))) console.log(line);
  for (const { what, found, limit, unit, least } of result.figures)
    console.log(`${what}: ${found.toPrecision(3)} ${unit} (${least ? 'at least' : 'at most'} ${limit})`);
}

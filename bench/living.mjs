/**
 * Measures living plugins: the pause of a reload, the calls during one, a watched folder, `tenon dev`, and what many
 * reloads leave. Needs the programs that `npm run bench` builds, and Linux. Run it alone with `node --expose-gc
 * bench/living.mjs [BUILD_FOLDER [DIST_FOLDER [ROUNDS]]]`.
 */
import { spawn } from 'node:child_process';
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { quantile } from './rounds.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const INPUT = Buffer.from('one two three');
/** Calls per millisecond of the busy program. */
const BUSY = 10;
const SETTLE = 300;
const WATCHED = 1000;
const RELOADS = 200;
/** Reloads before memory is compared, so that caches and histograms have their size. */
const WARM_UP = 40;

/**
 * @typedef {object} LivingRow
 * @property {string} name
 * @property {number} median
 * @property {number} max
 * @property {string} unit
 *
 * @typedef {object} Setting
 * @property {typeof import('../dist/index.js')} tenon
 * @property {string} build @property {string} dist @property {string} folder @property {number} rounds
 */

/**
 * Measures everything.
 *
 * @param {{build?: string, dist?: string, rounds?: number}} [options]
 * @returns {Promise<LivingRow[]>}
 */
export async function livingRows({
  build = join(root, 'build'),
  dist = join(root, 'dist'),
  rounds = 21,
} = {}) {
  const tenon = await import(pathToFileURL(join(dist, 'index.js')).href);
  const folder = mkdtempSync(join(tmpdir(), 'tenon-living-'));
  const setting = { tenon, build, dist, folder, rounds };
  try {
    return [
      ...(await pauses(setting, false)),
      ...(await pauses(setting, true)),
      await settled(setting),
      await saved(setting),
      await idleWatch(setting),
      ...(await manyReloads(setting)),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {string} name @param {readonly number[]} values @param {string} unit @returns {LivingRow} */
const row = (name, values, unit) => ({ name, median: quantile(values, 0.5), max: Math.max(...values), unit });

let versions = 0;
/**
 * Puts another version of a plugin into its place, as installers do. Bytes behind the end of an ELF file make another
 * digest.
 *
 * @param {string} from @param {string} to
 */
function install(from, to) {
  copyFileSync(from, `${to}.new`);
  appendFileSync(`${to}.new`, `version ${versions++}`);
  renameSync(`${to}.new`, to);
}

/**
 * Measures the latency of calls while a plugin of some 20 KB is reloaded in the process tier. A call counts from the
 * time when it was due: what keeps the caller from making it is part of the pause.
 *
 * @param {Setting} setting @param {boolean} busy
 */
async function pauses({ tenon, build, folder, rounds }, busy) {
  const file = join(build, 'plugins', 'wordcount.so');
  const path = join(folder, 'pause.so');
  install(file, path);
  const host = new tenon.PluginHost({ cacheDir: join(folder, 'cache') });
  const plugin = await host.load(path, { isolation: 'process', whenFull: 'wait' });
  const instance = await plugin.new({ totals: true });
  const results = { held: /** @type {number[]} */ ([]), longest: /** @type {number[]} */ ([]) };
  const p99 = /** @type {number[]} */ ([]);
  const usual = /** @type {number[]} */ ([]);
  let lost = 0;
  for (let round = -1; round < rounds; round++) {
    const caller = busy ? openLoop(instance) : oneByOne(instance);
    await delay(50);
    caller.mark();
    await delay(100);
    usual.push(quantile(caller.latencies(), 0.99));
    install(file, path);
    caller.mark();
    const report = await plugin.reload();
    const { latencies, failures } = await caller.end();
    if (report.outcome !== 'swapped') throw report.error ?? new Error(`The reload was ${report.outcome}`);
    if (round < 0) continue;
    lost += failures;
    results.held.push(report.pausedMs);
    results.longest.push(Math.max(...latencies));
    p99.push(quantile(latencies, 0.99));
  }
  await host.close();
  const when = busy ? `at ${BUSY * 1000} calls/s` : 'idle';
  return [
    row(`reload, process tier, ${when}: calls held`, results.held, 'ms'),
    row(`reload, process tier, ${when}: longest call`, results.longest, 'ms'),
    ...(busy
      ? [
          row(`reload, process tier, ${when}: p99 of the calls before it`, usual, 'ms'),
          row(`reload, process tier, ${when}: p99 of the calls during it`, p99, 'ms'),
        ]
      : []),
    ...(busy ? [row(`reload, process tier, ${when}: lost calls`, [lost], '')] : []),
  ];
}

/** @typedef {import('../dist/index.js').Instance} Instance */

/**
 * Makes one call per millisecond, one after the other.
 *
 * @param {Instance} instance
 */
function oneByOne(instance) {
  let over = false;
  let latencies = /** @type {number[]} */ ([]);
  const run = async () => {
    while (!over) {
      const due = performance.now() + 1;
      await delay(1);
      await instance.call(INPUT);
      // A timer is late by up to a millisecond by itself.
      latencies.push(Math.max(0, performance.now() - due - 1));
    }
  };
  const running = run();
  return {
    mark: () => {
      latencies = [];
    },
    latencies: () => latencies,
    end: async () => {
      over = true;
      await running;
      return { latencies, failures: 0 };
    },
  };
}

/**
 * Makes calls at a fixed rate, whether earlier ones have returned or not.
 *
 * @param {Instance} instance
 */
function openLoop(instance) {
  const begun = performance.now();
  const pending = new Set();
  let latencies = /** @type {number[]} */ ([]);
  let failures = 0;
  let made = 0;
  let over = false;
  const call = (/** @type {number} */ due) => {
    const one = instance.call(INPUT).then(
      () => latencies.push(performance.now() - due),
      () => {
        failures += 1;
      },
    );
    const kept = one.finally(() => pending.delete(kept));
    pending.add(kept);
  };
  const turn = () => {
    if (over) return;
    const due = Math.floor((performance.now() - begun) * BUSY);
    for (; made < due; made++) call(begun + (made + 1) / BUSY);
    setTimeout(turn, 1);
  };
  turn();
  return {
    mark: () => {
      latencies = [];
    },
    latencies: () => latencies,
    end: async () => {
      over = true;
      await Promise.all(pending);
      return { latencies, failures };
    },
  };
}

/**
 * Measures the time from a file in its place to the answer of its plugin, in a watched folder.
 *
 * @param {Setting} setting
 */
async function settled({ tenon, build, folder, rounds }) {
  const watched = join(folder, 'watched');
  mkdirSync(watched);
  const file = join(build, 'plugins', 'wordcount.so');
  const path = join(watched, 'wordcount.so');
  install(file, path);
  const host = new tenon.PluginHost({ paths: [watched], cacheDir: join(folder, 'cache') });
  const plugin = await host.load('wordcount', { isolation: 'process' });
  const instance = await plugin.new();
  await host.watch({ settle: SETTLE, autoReload: true });
  const times = [];
  for (let round = 0; round < Math.min(rounds, 11); round++) {
    await delay(20);
    const begun = performance.now();
    const swapped = new Promise((resolve) => plugin.once('reload', resolve));
    install(file, path);
    await swapped;
    await instance.call(INPUT);
    times.push(performance.now() - begun - SETTLE);
  }
  await host.close();
  return row('watched file settled to the answer of the new version', times, 'ms');
}

const SOURCE = `#include "tenon.h"
static tenon_status make(const tenon_host *host, const uint8_t *config, size_t config_len, void **state,
                         tenon_out *error) {
  (void)host, (void)config, (void)config_len, (void)error;
  *state = NULL;
  return TENON_OK;
}
static void drop(void *state) { (void)state; }
static tenon_status call(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state, (void)in, (void)in_len;
  return tenon_write(out, "ANSWER", sizeof("ANSWER") - 1);
}
TENON_PLUGIN("bench", "1.0.0", make, drop, call);
`;

/**
 * Measures `tenon dev`: the time from the save of a source to the new answer, beyond 1.2 times that of the compiler.
 *
 * @param {Setting} setting
 */
async function saved({ dist, folder, rounds }) {
  const project = join(folder, 'project');
  mkdirSync(project);
  const source = join(project, 'bench.c');
  const write = (/** @type {string} */ answer) => writeFileSync(source, SOURCE.replaceAll('ANSWER', answer));
  write('start');
  const args = [join(dist, 'cli', 'main.js'), 'dev', project, '--no-check'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let printed = '';
  let look = () => undefined;
  child.stdout.setEncoding('utf8').on('data', (text) => {
    printed += text;
    look();
  });
  const sees = (/** @type {string} */ text) =>
    new Promise((resolve) => {
      look = () => void (printed.includes(text) && resolve(undefined));
      look();
    });
  await sees('waiting');
  const excess = [];
  for (let round = 0; round < Math.min(rounds, 11); round++) {
    const compiler = await compile(project, `alone${round}`);
    await delay(100);
    const begun = performance.now();
    write(`answer ${round}.`);
    await sees(`+ answer ${round}.`);
    excess.push(performance.now() - begun - 1.2 * compiler);
  }
  child.kill('SIGTERM');
  await new Promise((resolve) => child.on('close', resolve));
  return row('tenon dev, save to the new answer, minus 1.2 × the compiler', excess, 'ms');
}

/** Compiles as \`tenon dev\` does. Returns the milliseconds. @param {string} project @param {string} name */
async function compile(project, name) {
  const flags = ['-std=c11', '-O1', '-g', '-Wall', '-Wextra', '-fPIC', '-fvisibility=hidden', '-shared'];
  const out = join(project, '..', `${name}.so`);
  const begun = performance.now();
  const args = [...flags, `-I${join(root, 'include')}`, join(project, 'bench.c'), '-o', out];
  const code = await new Promise((resolve) => spawn('cc', args, { stdio: 'inherit' }).on('close', resolve));
  if (code !== 0) throw new Error('The compiler failed');
  return performance.now() - begun;
}

/**
 * Measures the processor time of a watch over a folder in which nothing happens, over a minute: once in that time it
 * lists the folder.
 *
 * @param {Setting} setting
 */
async function idleWatch({ tenon, build, folder, rounds }) {
  const many = join(folder, 'many');
  mkdirSync(many);
  const file = join(build, 'plugins', 'echo.so');
  for (let i = 0; i < WATCHED; i++) {
    copyFileSync(file, join(many, `p${i}.so`));
    appendFileSync(join(many, `p${i}.so`), String(i));
  }
  const host = new tenon.PluginHost({ paths: [many] });
  const watch = await host.watch({ settle: SETTLE });
  await new Promise((resolve) => {
    let seen = 0;
    watch.on('added', () => void (++seen === WATCHED && resolve(undefined)));
  });
  await delay(500);
  const before = process.cpuUsage();
  const begun = performance.now();
  await delay(rounds < 10 ? 6000 : 64_000);
  const { user, system } = process.cpuUsage(before);
  const share = (user + system) / 10 / (performance.now() - begun);
  await host.close();
  return row(`idle watch of ${WATCHED} files`, [share], '% of a core');
}

/**
 * Measures what many reloads of a large plugin leave in the process tier.
 *
 * @param {Setting} setting
 */
async function manyReloads({ tenon, build, folder, rounds }) {
  const file = join(build, 'plugins', 'grep.so');
  if (!existsSync(file)) return [];
  const path = join(folder, 'grep.so');
  const cacheDir = join(folder, 'cache-of-many');
  install(file, path);
  const host = new tenon.PluginHost({ cacheDir });
  const plugin = await host.load(path, { isolation: 'process' });
  const instance = await plugin.new({ pattern: 'one' });
  const reload = async (/** @type {number} */ times) => {
    for (let i = 0; i < times; i++) {
      install(file, path);
      const report = await plugin.reload();
      if (report.outcome !== 'swapped') throw report.error ?? new Error(`The reload was ${report.outcome}`);
      await instance.call(INPUT);
    }
  };
  await reload(WARM_UP);
  const before = await held(cacheDir);
  const times = rounds < 10 ? RELOADS / 5 : RELOADS;
  await reload(times);
  const after = await held(cacheDir);
  await host.close();
  const what = `${times} reloads of a plugin of ${(statSync(file).size / 1e6).toFixed(1)} MB, process tier`;
  return [
    row(`${what}: memory`, [after.memory - before.memory], 'MB'),
    row(`${what}: descriptors`, [after.descriptors - before.descriptors], ''),
    row(`${what}: disk`, [after.disk - before.disk], 'MB'),
  ];
}

/** Returns the memory and descriptors of this process, and the disk space of the copies. @param {string} cacheDir */
async function held(cacheDir) {
  await delay(200);
  for (let i = 0; i < 4; i++) {
    globalThis.gc?.();
    await delay(10);
  }
  const status = readFileSync('/proc/self/status', 'utf8');
  const files = readdirSync(cacheDir, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
  const sizes = files.map(
    (one) => statSync(join(one.parentPath, one.name), { throwIfNoEntry: false })?.size ?? 0,
  );
  return {
    memory: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024,
    descriptors: readdirSync('/proc/self/fd').length,
    disk: sizes.reduce((sum, size) => sum + size, 0) / 1e6,
  };
}

/**
 * Returns the figures with a limit, each with its measured value.
 *
 * @param {readonly LivingRow[]} rows
 */
export function livingFigures(rows) {
  const find = (/** @type {string} */ name) => rows.find((one) => one.name.includes(name));
  const figure = (/** @type {string} */ name, /** @type {number} */ limit) => {
    const found = find(name);
    return { what: found?.name ?? name, found: found?.median ?? Number.NaN, limit, unit: found?.unit ?? '' };
  };
  return [
    figure('idle: longest call', 10),
    figure('p99 of the calls during it', 15),
    figure('lost calls', 0),
    figure('settled to the answer', 50),
    figure('save to the new answer', 150),
    figure('idle watch', 0.5),
    ...(find('process tier: memory') === undefined
      ? []
      : [
          figure('process tier: memory', 20),
          figure('process tier: descriptors', 0),
          figure('process tier: disk', 0),
        ]),
  ];
}

/** Returns the table of the rows. @param {readonly LivingRow[]} rows @param {(value: number) => string} round */
export function livingTable(rows, round) {
  return [
    '| living plugins | median | max |',
    '| --- | --- | --- |',
    ...rows.map(
      ({ name, median, max, unit }) => `| ${name} | ${round(median)} ${unit} | ${round(max)} ${unit} |`,
    ),
    '',
  ];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [build, dist, rounds] = process.argv.slice(2);
  const rows = await livingRows({
    ...(build && { build }),
    ...(dist && { dist }),
    ...(rounds && { rounds: Number(rounds) }),
  });
  console.log(JSON.stringify({ rows, figures: livingFigures(rows) }, null, 2));
}

/** Measures reloads in the process tier: the pause, the calls during one, and what many leave. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { INPUT, install, row } from './living-common.mjs';
import { quantile } from './rounds.mjs';

/** Calls per millisecond of the busy program. */
const BUSY = 10;
const RELOADS = 200;
/** Reloads before memory is compared, so that caches and histograms have their size. */
const WARM_UP = 40;

/** @typedef {import('./living-common.mjs').Setting} Setting */

/**
 * Measures the latency of calls while a plugin of some 20 KB is reloaded in the process tier. A call counts from the
 * time when it was due: what keeps the caller from making it is part of the pause.
 *
 * @param {Setting} setting @param {boolean} busy
 */
export async function pauses({ tenon, build, folder, rounds }, busy) {
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
 * Measures what many reloads of a large plugin leave in the process tier.
 *
 * @param {Setting} setting
 */
export async function manyReloads({ tenon, build, folder, rounds }) {
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

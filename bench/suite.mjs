/**
 * Measures the safety suite: the time and memory of `tenon check` on a valid plugin at each level, and its
 * time on libraries that are not plugins. Needs Linux. Run it alone with `node bench/suite.mjs [BUILD_FOLDER
 * [DIST_FOLDER]]`.
 */
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { quantile } from './rounds.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const LEVELS = /** @type {const} */ (['basic', 'strict', 'torture']);
const LIBRARIES = 200;
/** A module that makes a process write its peak memory in KiB to file descriptor 3 when it exits. */
const WATCH =
  'data:text/javascript,import{writeSync}from"node:fs";process.on("exit",()=>writeSync(3,String(process.resourceUsage().maxRSS)))';

/**
 * Measures all levels, and the libraries that are not plugins.
 *
 * @param {{build?: string, dist?: string, rounds?: number}} [options]
 * @returns {Promise<{levels: {level: string, ms: number, maxMs: number, rssMb: number}[], libraries: {count:
 * number, ms: number, maxMs: number}}>}
 */
export async function suiteRows({ build = join(root, 'build'), dist = join(root, 'dist'), rounds = 5 } = {}) {
  const plugin = join(build, 'plugins', 'wordcount.so');
  const levels = [];
  for (const level of LEVELS) {
    const runs = [];
    for (let i = 0; i < rounds; i++) runs.push(await runCheck(dist, plugin, level));
    const times = runs.map(({ ms }) => ms);
    const rssMb = Math.max(...runs.map(({ rssKb }) => rssKb)) / 1024;
    levels.push({ level, ms: quantile(times, 0.5), maxMs: Math.max(...times), rssMb });
  }
  return { levels, libraries: await ordinaryLibraries(dist) };
}

/**
 * Runs the whole command, including its start.
 *
 * @param {string} dist @param {string} plugin @param {string} level @returns {Promise<{ms: number, rssKb:
 * number}>}
 */
function runCheck(dist, plugin, level) {
  const args = ['--import', WATCH, join(dist, 'cli', 'main.js'), 'check', plugin, '--level', level];
  const start = performance.now();
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit', 'pipe'] });
  let text = '';
  child.stdio[3]?.on('data', (chunk) => {
    text += chunk;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve({ ms: performance.now() - start, rssKb: Number(text) });
      else reject(new Error(`tenon check ${plugin} --level ${level} ended with ${code}`));
    });
  });
}

/** @param {string} dist */
async function ordinaryLibraries(dist) {
  const { check } = await import(pathToFileURL(join(dist, 'check', 'index.js')).href);
  const folder = `/usr/lib/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu`;
  const files = readdirSync(folder)
    .filter((name) => /\.so(\.\d+)*$/.test(name))
    .map((name) => join(folder, name));
  const times = [];
  for (const file of files) {
    const verdict = await check([file]);
    if (verdict.files[0]?.outcome === 'not-a-plugin') times.push(verdict.ms);
    if (times.length === LIBRARIES) break;
  }
  return { count: times.length, ms: quantile(times, 0.5), maxMs: Math.max(...times) };
}

/**
 * Returns the figures with a limit, each with its measured value.
 *
 * @param {Awaited<ReturnType<typeof suiteRows>>} rows
 */
export function suiteFigures({ levels, libraries }) {
  const of = (/** @type {string} */ level) => levels.find((row) => row.level === level)?.ms ?? Number.NaN;
  const figure = (
    /** @type {string} */ what,
    /** @type {number} */ found,
    /** @type {number} */ limit,
    /** @type {string} */ unit,
  ) => ({ what: `check: ${what}`, found, limit, unit });
  return [
    figure('basic on a valid plugin', of('basic') / 1000, 1, 's'),
    figure('strict on a valid plugin', of('strict') / 1000, 10, 's'),
    figure('torture, with its short fuzz', of('torture') / 1000, 60, 's'),
    figure(`the slowest of ${libraries.count} ordinary libraries`, libraries.maxMs, 100, 'ms'),
    figure('memory of the tool', Math.max(...levels.map(({ rssMb }) => rssMb)), 150, 'MB'),
  ];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [build, dist] = process.argv.slice(2);
  const rows = await suiteRows({ ...(build && { build }), ...(dist && { dist }) });
  console.log(JSON.stringify({ ...rows, figures: suiteFigures(rows) }, null, 2));
}

/** Measures admission of a plugin and inspection of a file. Every round has one step of each contender. */
import { execFileSync } from 'node:child_process';
import { appendFileSync, copyFileSync, existsSync, mkdtempSync, rmSync, utimesSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { quantile } from './rounds.mjs';

const require = createRequire(import.meta.url);
const root = fileURLToPath(new URL('..', import.meta.url));
const RTLD_NOW = 2;
/** The number of inspections per sample, so that the code and the page cache are warm. */
const WARM = 20;

/**
 * Measures all contenders.
 *
 * @param {{build: string, dist: string, rounds?: number}} options
 * @returns {Promise<{name: string, medianMs: number, p99Ms: number}[]>}
 */
export async function admissionRows({ build, dist, rounds = 41 }) {
  const tenon = await import(pathToFileURL(join(dist, 'index.js')).href);
  const folder = mkdtempSync(join(tmpdir(), 'tenon-bench-'));
  try {
    const host = new tenon.PluginHost({ cacheDir: join(folder, 'cache') });
    const file = join(folder, 'wordcount.so');
    copyFileSync(join(build, 'plugins', 'wordcount.so'), file);
    await host.load(file);
    // The host trusts a known digest only once the time stamps of the file are about two seconds old.
    await new Promise((resolve) => setTimeout(resolve, 2100));
    await host.load(file);
    const open = rawOpen();
    open(file);
    const big = join(build, 'plugins', 'grep.so');
    const steps = {
      'raw dlopen + 3 dlsym, an open library': () => open(file),
      'raw dlopen + 3 dlsym, a fresh copy': (/** @type {number} */ n) =>
        open(different(folder, file, `raw-${n}`, false)),
      'admission, known digest, unchanged file': () => host.load(file),
      'admission, known digest, different file': (/** @type {number} */ n) =>
        host.load(different(folder, file, `same-${n}`, false)),
      'first admission, probe included': (/** @type {number} */ n) =>
        host.load(different(folder, file, `new-${n}`, true)),
      ...(existsSync(big)
        ? {
            [`inspect, Rust cdylib of ${megabytes(big)} MB`]: () =>
              repeat(WARM, () => tenon.inspectFileSync(big)),
          }
        : {}),
    };
    return await inRounds(steps, rounds);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {Record<string, (round: number) => unknown>} steps @param {number} rounds */
async function inRounds(steps, rounds) {
  /** @type {Map<string, number[]>} */
  const samples = new Map(Object.keys(steps).map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, step] of Object.entries(steps)) {
      const prepared = performance.now();
      const outcome = step(round);
      if (outcome instanceof Promise) await outcome;
      const ms = performance.now() - prepared - preparation.take();
      if (round > 0) samples.get(name)?.push(name.startsWith('inspect') ? ms / WARM : ms);
    }
  }
  return [...samples].map(([name, ms]) => ({ name, medianMs: quantile(ms, 0.5), p99Ms: quantile(ms, 0.99) }));
}

/** @param {number} times @param {() => unknown} work */
function repeat(times, work) {
  for (let i = 0; i < times; i++) work();
}

/** The time that a step spent on preparing its file, which is not counted for the contender. */
const preparation = {
  ms: 0,
  take() {
    const { ms } = this;
    this.ms = 0;
    return ms;
  },
};

/**
 * Copies the plugin. With `changed` the copy has an unknown digest.
 *
 * @param {string} folder @param {string} file @param {string} name @param {boolean} changed
 */
function different(folder, file, name, changed) {
  const start = performance.now();
  const copy = join(folder, `${name}.so`);
  copyFileSync(file, copy);
  if (changed) appendFileSync(copy, `${name} ${Math.random()}`);
  utimesSync(copy, 1, 1);
  preparation.ms += performance.now() - start;
  return copy;
}

/** Returns a function that does the minimum of a loader. @returns {(file: string) => void} */
function rawOpen() {
  const koffi = require('koffi');
  const libc = koffi.load(null);
  const dlopen = libc.func('void *dlopen(const char *, int)');
  const dlsym = libc.func('void *dlsym(void *, const char *)');
  return (file) => {
    const handle = dlopen(file, RTLD_NOW);
    for (const name of ['get_version', 'get_name', 'get_plugin']) {
      if (dlsym(handle, name) === null) throw new Error(`${file} has no ${name}`);
    }
  };
}

/** @param {string} file */
function megabytes(file) {
  return (Number(execFileSync('stat', ['-Lc', '%s', file])) / 1e6).toFixed(1);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  console.table(await admissionRows({ build: join(root, 'build'), dist: join(root, 'dist') }));
}

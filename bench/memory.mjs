/**
 * Measures the growth of memory over 1 000 admissions, and over 1 000 000 calls that each have their own
 * instance. It runs in its own process, because it measures the whole process: `node --expose-gc
 * bench/memory.mjs BUILD DIST` prints JSON.
 */
import { appendFileSync, copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const [build = join(root, 'build'), dist = join(root, 'dist'), scale = '1'] = process.argv.slice(2);
const tenon = await import(pathToFileURL(join(dist, 'index.js')).href);
const file = join(build, 'plugins', 'wordcount.so');
const input = Buffer.from('one two three');

/** Returns the resident memory in MiB after garbage collection. */
async function resident() {
  for (let i = 0; i < 4; i++) {
    globalThis.gc?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) / 1024;
}

/**
 * Returns the growth of memory while `work` runs `times` times, after a warm-up.
 *
 * @param {(n: number) => unknown} work @param {number} times @param {number} warmUp
 */
async function growth(work, times, warmUp) {
  await repeat(work, warmUp);
  const before = await resident();
  await repeat(work, times);
  return (await resident()) - before;
}

/** @param {(n: number) => unknown} work @param {number} times */
async function repeat(work, times) {
  for (let i = 0; i < times; i++) {
    const outcome = work(i);
    if (outcome instanceof Promise) await outcome;
    // Most programs return to the event loop from time to time.
    else if (i % 5000 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
}

const times = Number(scale);
const folder = mkdtempSync(join(tmpdir(), 'tenon-bench-'));
try {
  const host = new tenon.PluginHost({ cacheDir: join(folder, 'cache') });
  const plugin = await host.load(file);
  const calls = await growth(
    () => {
      const instance = plugin.newSync();
      instance.callSync(input);
      instance.close();
    },
    1_000_000 * times,
    200_000,
  );
  const admissions = await growth(async () => (await host.load(file)).close(), 1000 * times, 200);
  let serial = 0;
  const loads = await growth(
    async () => {
      const copy = join(folder, 'copy.so');
      copyFileSync(file, copy);
      appendFileSync(copy, `${serial++}`);
      (await host.load(copy)).close();
    },
    100 * times,
    20,
  );
  console.log(JSON.stringify({ calls, admissions, loads }));
  await host.close();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

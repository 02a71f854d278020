/**
 * Whether memory stays flat: 1 000 admissions, and 1 000 000 calls each with a new instance and its close. A process of its
 * own, because it looks at the whole process: `node --expose-gc bench/memory.mjs BUILD DIST`, which prints JSON.
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

/** Resident megabytes, after what is garbage was collected. */
async function resident() {
  for (let i = 0; i < 4; i++) {
    globalThis.gc?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) / 1024;
}

/** Does `work` to warm up, then in full. @param {(n: number) => unknown} work @param {number} times @param {number} warmUp */
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
    else if (i % 5000 === 0) await new Promise((resolve) => setImmediate(resolve)); // as any program does now and then
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

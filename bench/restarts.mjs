/**
 * Measures the time from a crash to the next answer, as the user of a plugin sees it. Needs the programs that
 * `npm run bench` builds, and Linux.
 */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { quantile } from './rounds.mjs';

export const NEXT_ANSWER = 'tenon, process, SIGSEGV to the answer of the next generation';

/**
 * Measures restarts. The plugin crashes if its input is empty. The next call waits for the restart, which has
 * no delay.
 *
 * @param {{build: string, dist: string, rounds?: number}} options
 * @returns {Promise<import('./rounds-async.mjs').AsyncRow>}
 */
export async function restartRow({ build, dist, rounds = 21 }) {
  const tenon = await import(pathToFileURL(join(dist, 'index.js')).href);
  const host = new tenon.PluginHost();
  const restart = { max: 100_000, backoff: { initial: 0, max: 0 } };
  const options = { isolation: 'process', whenDown: 'wait', restart };
  const plugin = await host.load(join(build, 'bench', 'crash.so'), options);
  const instance = await plugin.new();
  const samples = /** @type {number[]} */ ([]);
  for (let round = -2; round < rounds; round++) {
    const start = performance.now();
    await instance.call(Buffer.alloc(0)).catch(() => undefined);
    await instance.call(Buffer.from('x'));
    if (round >= 0) samples.push((performance.now() - start) * 1e6);
  }
  await host.close();
  const [medianNs, p99Ns, maxNs] = [0.5, 0.99, 1].map((q) => quantile(samples, q));
  return /** @type {import('./rounds-async.mjs').AsyncRow} */ ({
    name: NEXT_ANSWER,
    medianNs,
    p99Ns,
    maxNs,
    ratio: null,
    against: null,
  });
}

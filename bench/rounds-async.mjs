/**
 * Like rounds.mjs, for contenders whose calls return promises: sequential calls, contenders interleaved in
 * rounds.
 */
import { PLOTTED, quantile } from './rounds.mjs';

/**
 * @typedef {object} AsyncContender
 * @property {string} name
 * @property {() => Promise<unknown>} run one call, or several at once
 * @property {number} [messages] the number of calls that it makes. Figures are per call.
 * @property {string} [against] the name of the contender to compare with
 *
 * @typedef {object} AsyncRow
 * @property {string} name
 * @property {number} medianNs median of the rounds, per call
 * @property {number} p99Ns 99th percentile of single runs, per call
 * @property {readonly number[]} quantilesNs the quantiles of PLOTTED, per call
 * @property {number} maxNs
 * @property {number | null} ratio median over the rounds of the ratio to `against`
 * @property {string | null} against
 */

/**
 * @param {readonly AsyncContender[]} contenders
 * @param {{rounds?: number, roundMs?: number}} [options]
 * @returns {Promise<AsyncRow[]>}
 */
export async function measureAsync(contenders, { rounds = 21, roundMs = 10 } = {}) {
  const lanes = contenders.map((contender) => ({
    contender,
    means: /** @type {number[]} */ ([]),
    samples: /** @type {number[]} */ ([]),
  }));
  for (const { contender } of lanes) await runFor(contender, 50, []);
  for (let round = 0; round < rounds; round++) {
    for (const lane of lanes) lane.means.push(await runFor(lane.contender, roundMs, lane.samples));
  }
  return lanes.map((lane) => summary(lane, lanes));
}

/**
 * Runs a contender for about `ms` milliseconds. Returns the mean time per call, in nanoseconds.
 *
 * @param {AsyncContender} contender
 * @param {number} ms
 * @param {number[]} samples
 */
async function runFor({ run, messages = 1 }, ms, samples) {
  const start = performance.now();
  let last = start;
  let calls = 0;
  while (last - start < ms) {
    await run();
    const now = performance.now();
    samples.push(((now - last) * 1e6) / messages);
    last = now;
    calls += messages;
  }
  return ((last - start) * 1e6) / calls;
}

/**
 * @param {{contender: AsyncContender, means: number[], samples: number[]}} lane
 * @param {readonly {contender: AsyncContender, means: number[]}[]} lanes
 * @returns {AsyncRow}
 */
function summary({ contender, means, samples }, lanes) {
  const yardstick = lanes.find((lane) => lane.contender.name === contender.against);
  const ratios = yardstick && means.map((mean, round) => mean / (yardstick.means[round] ?? Number.NaN));
  return {
    name: contender.name,
    medianNs: quantile(means, 0.5),
    p99Ns: quantile(samples, 0.99),
    quantilesNs: PLOTTED.map((q) => quantile(samples, q)),
    maxNs: quantile(samples, 1),
    ratio: ratios ? quantile(ratios, 0.5) : null,
    against: contender.against ?? null,
  };
}

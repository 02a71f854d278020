/** Measures contenders interleaved in rounds, so that a disturbance of the machine affects all of them. */

/**
 * @typedef {object} Contender
 * @property {string} name
 * @property {() => unknown} run one call
 * @property {number} [messages] the number of messages that one call handles. Figures are per message.
 * @property {string} [against] the name of the contender to compare with
 *
 * @typedef {object} Row
 * @property {string} name
 * @property {number} medianNs median of the rounds, per message
 * @property {number} p99Ns 99th percentile of slices of about 20 µs, per message
 * @property {readonly number[]} quantilesNs the quantiles of {@link PLOTTED}, per message
 * @property {number | null} ratio median over the rounds of the ratio to `against`
 * @property {string | null} against
 */

/** The quantiles that the plot of latencies shows. */
export const PLOTTED = /** @type {const} */ ([0.5, 0.9, 0.99, 0.999]);

const SLICE_NS = 20_000;

/** A place for results, so that the compiler cannot remove a call as unused. */
export const sink = { value: /** @type {unknown} */ (undefined) };

/**
 * Creates a separate loop for each contender. A shared loop would have a megamorphic call site, whose cost
 * would be measured too.
 *
 * @returns {(run: () => unknown, calls: number) => unknown}
 */
function makeLoop() {
  const body = 'let last; for (let i = 0; i < calls; i++) last = run(); return last;';
  return /** @type {ReturnType<typeof makeLoop>} */ (new Function('run', 'calls', body));
}

/**
 * @param {readonly Contender[]} contenders
 * @param {{rounds?: number, roundMs?: number}} [options]
 * @returns {Row[]}
 */
export function measure(contenders, { rounds = 21, roundMs = 4 } = {}) {
  const lanes = contenders.map((contender) => prepare(contender, roundMs));
  for (let round = 0; round < rounds; round++) {
    for (const lane of lanes) lane.means.push(oneRound(lane));
  }
  return lanes.map((lane) => summary(lane, lanes));
}

/**
 * @param {Contender} contender
 * @param {number} roundMs
 */
function prepare(contender, roundMs) {
  const lane = {
    contender,
    loop: makeLoop(),
    calls: 1,
    slices: 1,
    means: /** @type {number[]} */ ([]),
    samples: /** @type {number[]} */ ([]),
  };
  // Warm up until the optimizing compiler has run, then find the number of calls that fill a slice.
  const until = performance.now() + 30;
  while (performance.now() < until) time(lane, 50);
  for (let ns = 0; ns < SLICE_NS && lane.calls < 1 << 20; lane.calls *= 2) ns = time(lane, lane.calls * 2);
  lane.slices = Math.max(1, Math.round((roundMs * 1e6) / Math.max(SLICE_NS, time(lane, lane.calls))));
  return lane;
}

/** @param {{loop: ReturnType<typeof makeLoop>, contender: Contender}} lane @param {number} calls */
function time({ loop, contender }, calls) {
  const start = process.hrtime.bigint();
  sink.value = loop(contender.run, calls);
  return Number(process.hrtime.bigint() - start);
}

/** @param {ReturnType<typeof prepare>} lane */
function oneRound(lane) {
  const { contender, calls, slices, samples } = lane;
  const per = calls * (contender.messages ?? 1);
  let total = 0;
  for (let i = 0; i < slices; i++) {
    const ns = time(lane, calls);
    samples.push(ns / per);
    total += ns;
  }
  return total / (per * slices);
}

/**
 * @param {ReturnType<typeof prepare>} lane
 * @param {ReturnType<typeof prepare>[]} lanes
 * @returns {Row}
 */
function summary({ contender, means, samples }, lanes) {
  const yardstick = lanes.find((lane) => lane.contender.name === contender.against);
  const ratios = yardstick && means.map((mean, round) => mean / (yardstick.means[round] ?? Number.NaN));
  return {
    name: contender.name,
    medianNs: quantile(means, 0.5),
    p99Ns: quantile(samples, 0.99),
    quantilesNs: PLOTTED.map((q) => quantile(samples, q)),
    ratio: ratios ? quantile(ratios, 0.5) : null,
    against: contender.against ?? null,
  };
}

/** @param {readonly number[]} values @param {number} q */
export function quantile(values, q) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
}

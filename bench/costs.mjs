/** The cost of a call in the README's table of tiers. */

/** The measured row of each tier. */
const ROWS = {
  inline: 'tenon callSync',
  thread: 'tenon, thread, callSync',
  process: 'tenon, process, callSync (latency)',
};

/**
 * Returns the text of the README with the measured costs, each rounded to one digit.
 *
 * @param {string} readme
 * @param {(row: string) => number} medianOf returns the median of a row in microseconds
 */
export function withCosts(readme, medianOf) {
  return Object.entries(ROWS).reduce((text, [tier, row]) => {
    // docs/benchmarks.md has three digits. Rounding those gives the same result for its readers.
    const cost = Number(Number(medianOf(row).toPrecision(3)).toPrecision(1));
    const cell = new RegExp(`^(\\| \`${tier}\`.*\\| about )[\\d.]+(?= µs)`, 'm');
    return text.replace(cell, (_, before) => `${before}${cost}`);
  }, readme);
}

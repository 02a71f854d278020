/** Decides whether the resources grew. Plain arithmetic on samples. */

/** The allowed growth from the first sample to the last ones: an amount, and a part of the first value. */
const ALLOWED = {
  descriptors: { amount: 4, part: 0 },
  threads: { amount: 4, part: 0 },
  processes: { amount: 0, part: 0 },
  defunct: { amount: 0, part: 0 },
  rss: { amount: 96, part: 0.25 },
  heap: { amount: 24, part: 0.25 },
};

/**
 * Returns a sentence for each resource that grew. Samples are taken while nothing runs. The least of the last
 * three counts, because memory is given back late.
 */
export function growth(samples) {
  const [first] = samples;
  const last = samples.slice(-3);
  if (first === undefined || samples.length < 2) return ['there are too few samples for a verdict'];
  return Object.entries(ALLOWED).flatMap(([name, { amount, part }]) => {
    const now = Math.min(...last.map((sample) => sample[name]));
    const most = first[name] + amount + first[name] * part;
    return now > most
      ? [`${name} grew from ${first[name]} to ${now}, at most ${Math.round(most)} are allowed`]
      : [];
  });
}

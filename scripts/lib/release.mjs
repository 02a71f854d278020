/** Checks that the packages of a release belong together. */

/**
 * A package in an archive. `files`: what its compiled files really are.
 *
 * @typedef {{
 *   manifest: {name: string, version: string, optionalDependencies?: object, compiled?: object},
 *   files: Record<string, {size: number, sha256: string}>,
 * }} Packed
 */

/**
 * Returns what is wrong with a release, as sentences.
 *
 * @param {readonly Packed[]} packages the main package is the last
 * @param {string} version
 * @returns {string[]}
 */
export function problemsOfRelease(packages, version) {
  const main = packages.at(-1)?.manifest;
  const { optionalDependencies: pinned = {}, compiled = {} } = main ?? {};
  const others = packages.filter(({ manifest }) => manifest.version !== version);
  return [
    ...others.map(
      ({ manifest }) => `${manifest.name} has the version ${manifest.version}, expected ${version}.`,
    ),
    ...packages.slice(0, -1).flatMap(({ manifest: { name }, files }) => {
      if (pinned[name] !== version) return [`tenon does not depend on ${name} ${version}.`];
      const same = JSON.stringify(compiled[name]) === JSON.stringify(files);
      return same ? [] : [`tenon lists other files than ${name} has. Run npm run build:platforms again.`];
    }),
    ...Object.keys(pinned)
      .filter((name) => !packages.some(({ manifest }) => manifest.name === name))
      .map((name) => `tenon depends on ${name}, which is not part of the release.`),
  ];
}

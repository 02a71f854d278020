/** The ABI versions that a host accepts. */
import semver from 'semver';
import { ABI_VERSION, DEFAULT_ABI_RANGE } from '../base/abi.js';
import { invalidArgument, TenonError } from '../base/errors.js';
import { shown } from '../base/options.js';

/**
 * The way in which a host compares the ABI version of a plugin with its option `abi`. `range`: any version in
 * the range that this package knows. `exact`: only that version.
 */
export type VersionPolicy = 'range' | 'exact';

/** The version rule of a host, checked once when the host is made. */
export interface VersionRule {
  readonly policy: VersionPolicy;
  /** A semver range; a single version for `exact`. */
  readonly accepts: string;
}

/** Makes a rule from the options of a host. @throws TenonError ERR_TENON_INVALID_ARGUMENT */
export function versionRule(abi: string | undefined, policy: VersionPolicy = 'range'): VersionRule {
  if (policy !== 'range' && policy !== 'exact') {
    throw invalidArgument('versionPolicy', `must be 'range' or 'exact', not ${shown(policy)}`);
  }
  const accepts = abi ?? (policy === 'exact' ? ABI_VERSION : DEFAULT_ABI_RANGE);
  const valid = typeof accepts === 'string' && accepts.trim() !== '';
  if (policy === 'exact') {
    if (!valid || semver.valid(accepts) === null) {
      throw invalidArgument('abi', `must be one version when versionPolicy is 'exact', not ${shown(abi)}`);
    }
  } else if (!valid || semver.validRange(accepts) === null) {
    throw invalidArgument('abi', `must be a semver range such as '${DEFAULT_ABI_RANGE}', not ${shown(abi)}`);
  }
  return { policy, accepts };
}

/**
 * Checks the ABI version that a plugin states against the rule. In addition, another major version is never
 * accepted, nor is a newer minor version than this package knows, and a pre-release matches only itself.
 * @throws TenonError ERR_TENON_BAD_VERSION, ERR_TENON_VERSION_MISMATCH
 */
export function acceptVersion(version: string, rule: VersionRule, path: string): void {
  const found = semver.parse(version);
  if (found === null) {
    throw new TenonError(
      'ERR_TENON_BAD_VERSION',
      `Cannot load ${path}: its ABI version is ${JSON.stringify(version.slice(0, 80))}, expected a semantic version such as ${ABI_VERSION}. Return TENON_ABI_VERSION from get_version.`,
      { path },
    );
  }
  const advice = refusal(found, rule);
  if (advice === null) return;
  throw new TenonError(
    'ERR_TENON_VERSION_MISMATCH',
    `Cannot load ${path}: built for tenon ABI ${version}, this host accepts ${rule.accepts} and knows ${ABI_VERSION}. ${advice}`,
    { path },
  );
}

/** Returns what to do about a refused version, or null if the version is accepted. */
function refusal(found: semver.SemVer, rule: VersionRule): string | null {
  const known = new semver.SemVer(ABI_VERSION);
  if (found.major !== known.major) {
    return found.major > known.major
      ? `Upgrade the host to a tenon with ABI ${found.major}.x, or rebuild the plugin against tenon.h ${known.major}.x.`
      : `Rebuild the plugin against tenon.h ${known.major}.x.`;
  }
  if (found.prerelease.length > 0) {
    const itself = semver.valid(rule.accepts) !== null && semver.eq(found, rule.accepts);
    return itself ? null : 'A pre-release is accepted only where the host names exactly that version.';
  }
  if (found.minor > known.minor) {
    return `The plugin is newer: upgrade the host to a tenon with ABI ${found.major}.${found.minor}, or rebuild the plugin against tenon.h ${known.major}.${known.minor}.`;
  }
  const accepted =
    rule.policy === 'exact' ? semver.eq(found, rule.accepts) : semver.satisfies(found, rule.accepts);
  return accepted
    ? null
    : `Rebuild the plugin against a tenon.h that satisfies ${rule.accepts}, or widen the host's range.`;
}

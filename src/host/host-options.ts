/** The options of a PluginHost, checked once. */

import { join } from 'node:path';
import type { AdmissionPolicy, ProbeMode } from '../admission/admit.js';
import { Requirement, type RequireOptions } from '../admission/requirement.js';
import { type TrustOptions, TrustPolicy } from '../admission/trust.js';
import { Verdicts } from '../admission/verdicts.js';
import { invalidArgument } from '../base/errors.js';
import { type Kind, requireKind } from '../kinds/kind.js';
import { type VersionPolicy, versionRule } from '../library/version.js';
import { Demotions } from '../supervision/demotion.js';
import { Quarantine } from '../supervision/quarantine.js';

/** What a host is told. Everything has a default. */
export interface HostOptions {
  /** Folders with plugins, searched in this order, before those of the environment variable TENON_PATH. */
  readonly paths?: readonly string[];
  /** How deep to look below each folder: 0 (the default) is the folder itself, 16 the most. */
  readonly depth?: number;
  /** The ABI versions to accept, a semver range. Default `^1.0.0`. */
  readonly abi?: string;
  /** `exact` accepts the version `abi` and no other. Default `range`. */
  readonly versionPolicy?: VersionPolicy;
  /** Whether a plugin may come without a descriptor. Default `optional`. */
  readonly descriptor?: 'optional' | 'required';
  /** Who may have written the files, and which digests are known. */
  readonly trust?: TrustOptions;
  /** Admit only files that the safety suite has passed (`tenon check --record FILE`). Default: no record is needed. */
  readonly require?: RequireOptions;
  /** When a throwaway process tries a file first, and for how long, in milliseconds. Default: unknown digests, 5000. */
  readonly probe?: { readonly mode?: ProbeMode; readonly deadline?: number };
  /** A file in which the verdicts of the probe are kept from one process to the next. Default: none. */
  readonly verdicts?: string;
  /** The folder for private copies. Default: TENON_CACHE_DIR, or one in the system's temporary folder. */
  readonly cacheDir?: string;
  /**
   * A folder for what has to outlast the process: which files are in quarantine, and which plugins took a process down
   * (`onCrash: 'demote'`). Default: none; the quarantine then lasts as long as the host.
   */
  readonly stateDir?: string;
  /** Kinds whose methods `instance.method(name)` finds. */
  readonly kinds?: readonly Kind[];
}

/** Options with their defaults. */
export interface HostSettings {
  readonly paths: readonly string[];
  readonly depth: number;
  readonly policy: AdmissionPolicy;
  readonly quarantine: Quarantine;
  readonly demotions: Demotions | null;
  readonly kinds: readonly Kind[];
}

const KNOWN = [
  'paths',
  'depth',
  'abi',
  'versionPolicy',
  'descriptor',
  'trust',
  'require',
  'probe',
  'verdicts',
  'cacheDir',
  'stateDir',
  'kinds',
];
const PROBE_MODES: readonly unknown[] = ['known-skips', 'always', 'never'];
/** The most that a timer of Node.js waits. */
const MAX_DEADLINE = 2 ** 31 - 1;

/** @throws TenonError ERR_TENON_INVALID_ARGUMENT that names the option */
export function checkOptions(options: HostOptions): HostSettings {
  if (typeof options !== 'object' || options === null) throw invalidArgument('options', 'must be an object');
  const unknown = Object.keys(options).find((name) => !KNOWN.includes(name));
  if (unknown !== undefined)
    throw invalidArgument(unknown, `is no option of PluginHost (${KNOWN.join(', ')})`);
  const { paths = [], depth = 0, descriptor = 'optional', kinds = [] } = options;
  if (!isStrings(paths)) throw invalidArgument('paths', 'must be an array of folders');
  if (!Number.isInteger(depth) || depth < 0 || depth > 16)
    throw invalidArgument('depth', 'must be an integer from 0 to 16');
  if (descriptor !== 'optional' && descriptor !== 'required')
    throw invalidArgument('descriptor', "must be 'optional' or 'required'");
  if (!Array.isArray(kinds)) throw invalidArgument('kinds', 'must be an array of kinds made by defineKind');
  for (const [index, kind] of kinds.entries()) requireKind(`kinds[${index}]`, kind);
  const policy: AdmissionPolicy = {
    rule: versionRule(options.abi, options.versionPolicy),
    descriptor,
    trust: new TrustPolicy(options.trust),
    requirement: options.require === undefined ? null : new Requirement(options.require),
    verdicts: new Verdicts(optionalPath('verdicts', options.verdicts)),
    probe: checkProbe(options.probe),
    cacheDir: optionalPath('cacheDir', options.cacheDir),
  };
  const state = optionalPath('stateDir', options.stateDir);
  const quarantine = new Quarantine(state === undefined ? undefined : join(state, 'quarantine.json'));
  const demotions = state === undefined ? null : new Demotions(state);
  return { paths, depth, policy, quarantine, demotions, kinds };
}

function checkProbe(probe: HostOptions['probe'] = {}): AdmissionPolicy['probe'] {
  if (typeof probe !== 'object' || probe === null) throw invalidArgument('probe', 'must be an object');
  const { mode = 'known-skips', deadline = 5000 } = probe;
  if (!PROBE_MODES.includes(mode))
    throw invalidArgument('probe.mode', "must be 'known-skips', 'always' or 'never'");
  if (!Number.isFinite(deadline) || deadline <= 0 || deadline > MAX_DEADLINE) {
    throw invalidArgument('probe.deadline', `must be milliseconds from above 0 to ${MAX_DEADLINE}`);
  }
  return { mode, deadline };
}

function isStrings(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string' && item !== '');
}

function optionalPath(name: string, value: unknown): string | undefined {
  if (value === undefined || (typeof value === 'string' && value !== '' && !value.includes('\0')))
    return value;
  throw invalidArgument(name, 'must be a path');
}

/** The options of a PluginHost: what they mean, their checks and defaults. */
import { join } from 'node:path';
import type { AdmissionPolicy, ProbeMode } from '../admission/admit.js';
import { type RequireCheckOptions, Requirement } from '../admission/requirement.js';
import { type TrustOptions, TrustPolicy } from '../admission/trust.js';
import { Verdicts } from '../admission/verdicts.js';
import { invalidArgument } from '../base/errors.js';
import {
  checkCount,
  checkKnown,
  checkMilliseconds,
  checkOneOf,
  checkString,
  checkStrings,
  readOptions,
  shown,
} from '../base/options.js';
import { type Kind, requireKind } from '../kinds/kind.js';
import { type VersionPolicy, versionRule } from '../library/version.js';
import { Demotions } from '../supervision/demotion.js';
import { Quarantine } from '../supervision/quarantine.js';

/** How a host finds, admits and keeps plugins. Everything has a default. */
export interface HostOptions {
  /** Folders with plugins, searched in this order, before those of the environment variable TENON_PATH. */
  readonly paths?: readonly string[];
  /** How many levels to look below each folder: 0 (the default) is the folder itself, 16 the most. */
  readonly depth?: number;
  /** The ABI versions to accept, a semver range. Default `^1.0.0`. */
  readonly abi?: string;
  /** `exact` accepts the version `abi` and no other. Default `range`. */
  readonly versionPolicy?: VersionPolicy;
  /** Whether a plugin may come without a descriptor. Default `optional`. */
  readonly descriptor?: 'optional' | 'required';
  /** Who may have written the files, and which digests are known. */
  readonly trust?: TrustOptions;
  /** Admit only files that the safety suite has passed (`tenon check --certificates FILE`). Default: no certificate is needed. */
  readonly requireCheck?: RequireCheckOptions;
  /** When a throwaway process tries a file first, and for how many milliseconds at most. Default: unknown digests, 5000. */
  readonly probe?: { readonly mode?: ProbeMode; readonly timeout?: number };
  /** A file that keeps the verdicts of the probe from one process to the next. Default: none. */
  readonly verdicts?: string;
  /** The folder for private copies. Default: TENON_CACHE_DIR, or one in the system's temporary folder. */
  readonly cacheDir?: string;
  /**
   * A folder for what has to outlast the process: which files are in quarantine, and which plugins took a process down
   * (`onCrash: 'demote'`). The commands `tenon ps`, `stats` and `quarantine` read it. Default: none; the quarantine then lasts as long
   * as the host.
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
  readonly stateDir: string | undefined;
  readonly kinds: readonly Kind[];
}

/** The options of a host. */
export const HOST_OPTIONS: readonly (keyof HostOptions)[] = [
  'paths',
  'depth',
  'abi',
  'versionPolicy',
  'descriptor',
  'trust',
  'requireCheck',
  'probe',
  'verdicts',
  'cacheDir',
  'stateDir',
  'kinds',
];

/** @throws TenonError ERR_TENON_INVALID_ARGUMENT that names the option */
export function checkOptions(given: HostOptions): HostSettings {
  const options = readOptions('options', given);
  checkKnown('PluginHost', options, HOST_OPTIONS);
  const { paths = [], depth = 0, descriptor = 'optional', requireCheck } = options;
  const policy: AdmissionPolicy = {
    rule: versionRule(options.abi, options.versionPolicy),
    descriptor: checkOneOf('descriptor', descriptor, ['optional', 'required']),
    trust: new TrustPolicy(options.trust),
    requirement: requireCheck === undefined ? null : new Requirement(requireCheck),
    verdicts: new Verdicts(optionalPath('verdicts', options.verdicts)),
    probe: checkProbe(options.probe),
    cacheDir: optionalPath('cacheDir', options.cacheDir),
  };
  const stateDir = optionalPath('stateDir', options.stateDir);
  return {
    paths: checkStrings('paths', paths),
    depth: checkCount('depth', depth, { least: 0, most: 16 }),
    policy,
    quarantine: new Quarantine(stateDir === undefined ? undefined : join(stateDir, 'quarantine.json')),
    demotions: stateDir === undefined ? null : new Demotions(stateDir),
    stateDir,
    kinds: checkKinds(options.kinds),
  };
}

function checkKinds(kinds: unknown = []): readonly Kind[] {
  if (!Array.isArray(kinds))
    throw invalidArgument('kinds', `must be an array of kinds made by defineKind, not ${shown(kinds)}`);
  return kinds.map((kind: unknown, index) => {
    requireKind(`kinds[${index}]`, kind);
    return kind;
  });
}

function checkProbe(given: HostOptions['probe'] = {}): AdmissionPolicy['probe'] {
  const probe = readOptions('probe', given);
  checkKnown('probe', probe, ['mode', 'timeout'], 'probe.');
  const { mode = 'known-skips', timeout = 5000 } = probe;
  return {
    mode: checkOneOf('probe.mode', mode, ['known-skips', 'always', 'never']),
    timeout: checkMilliseconds('probe.timeout', timeout),
  };
}

function optionalPath(name: string, value: unknown): string | undefined {
  return value === undefined ? undefined : checkString(name, value);
}

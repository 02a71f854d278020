/** The options of a PluginHost: their meaning, checks and defaults. */
import { join } from 'node:path';
import type { AdmissionPolicy, ProbeMode } from '../admission/admit.js';
import { loaderTokenIn } from '../admission/copy-folder.js';
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
  isObject,
  readOptions,
  shown,
} from '../base/options.js';
import { kindRule } from '../kinds/agreement.js';
import { type Kind, requireKind } from '../kinds/kind.js';
import { type VersionPolicy, versionRule } from '../library/version.js';
import { Demotions } from '../supervision/demotion.js';
import { Quarantine } from '../supervision/quarantine.js';

/** The options of a {@link PluginHost}: how it finds, admits and stores plugins. All are optional. */
export interface HostOptions {
  /**
   * The folders with plugins, in order of precedence. The folders of the environment variable TENON_PATH
   * follow them. Default: none.
   */
  readonly paths?: readonly string[];
  /** The number of levels to search below each folder, from 0 to 16. Default: 0, only the folder itself. */
  readonly depth?: number;
  /**
   * The accepted ABI versions, a semver range. With `versionPolicy: 'exact'` it is a single version. Default:
   * `^1.0.0`; with `exact`, `1.0.0`.
   */
  readonly abi?: string;
  /**
   * `range` accepts every version in the range `abi` that this package knows. `exact` accepts only the
   * version `abi`. Default: `range`.
   */
  readonly versionPolicy?: VersionPolicy;
  /** Whether a plugin must have a descriptor. Default: `optional`. */
  readonly descriptor?: 'optional' | 'required';
  /**
   * The accepted owners, modes and digests of files. Default: files and folders that every user can change
   * are refused.
   */
  readonly trust?: TrustOptions;
  /**
   * The certificate of the safety suite that a file must have; `tenon check --certificates FILE` writes
   * certificates. Default: none.
   */
  readonly requireCheck?: RequireCheckOptions;
  /** The probe, in which a throwaway process loads a file before the host does. */
  readonly probe?: {
    /** The files to probe. Default: `known-skips`, files with unknown digests. */
    readonly mode?: ProbeMode;
    /** Milliseconds from the start of the process to its verdict. Default: 5000. */
    readonly timeout?: number;
  };
  /** A file that stores the verdicts of the probe for later processes. Default: none. */
  readonly verdicts?: string;
  /**
   * The folder for private copies of plugins. It must not contain `$ORIGIN`, `$LIB` or `$PLATFORM`, which the
   * loader expands. Default: TENON_CACHE_DIR, or a folder in the system's temporary folder.
   */
  readonly cacheDir?: string;
  /**
   * The maximum size in bytes of the private copies of one plugin: its file and the libraries that it brings
   * together. A larger plugin is refused. Default: 2 GiB.
   */
  readonly maxCopySize?: number;
  /**
   * A folder for state that outlives the process: the quarantined digests, and the plugins that took down a
   * process (`onCrash: 'demote'`). It is created if it is missing. The host registers itself there with a file
   * and answers on a socket that only its user can use, so that the commands `tenon ps`, `stats` and
   * `quarantine` find it. Default: none; the quarantine then lasts as long as the host.
   */
  readonly stateDir?: string;
  /**
   * The kinds that the host uses. {@link Instance.method} finds their methods by name. A plugin that defines one
   * of them differently is refused before any of its code runs, if its file has facts about the kind. Default:
   * none.
   */
  readonly kinds?: readonly Kind[] | KindOptions;
}

/** The kinds that a host uses, and its requirements for their plugins. */
export interface KindOptions {
  /** The kinds. Default: none. */
  readonly use?: readonly Kind[];
  /**
   * Whether a plugin must have facts about all of its kinds in its file, as generated code has them. A plugin
   * without them is refused with ERR_TENON_BAD_DESCRIPTOR; one without kinds is accepted. Default: `optional`.
   */
  readonly facts?: 'optional' | 'required';
}

/** The options with their defaults. */
export interface HostSettings {
  readonly paths: readonly string[];
  readonly depth: number;
  readonly policy: AdmissionPolicy;
  readonly quarantine: Quarantine;
  readonly demotions: Demotions | null;
  readonly stateDir: string | undefined;
  readonly kinds: readonly Kind[];
}

const MAX_COPY_SIZE = 2 ** 31;

/** The names of the options. */
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
  'maxCopySize',
  'stateDir',
  'kinds',
];

/** Checks the options. @throws TenonError ERR_TENON_INVALID_ARGUMENT that names the option */
export function checkOptions(given: HostOptions): HostSettings {
  const options = readOptions('options', given);
  checkKnown('PluginHost', options, HOST_OPTIONS);
  const { paths = [], depth = 0, descriptor = 'optional', requireCheck } = options;
  const { maxCopySize = MAX_COPY_SIZE } = options;
  const { use: kinds, facts } = checkKinds(options.kinds);
  const policy: AdmissionPolicy = {
    rule: versionRule(options.abi, options.versionPolicy),
    descriptor: checkOneOf('descriptor', descriptor, ['optional', 'required']),
    judgeKinds: kindRule(kinds, facts === 'required'),
    trust: new TrustPolicy(options.trust),
    requirement: requireCheck === undefined ? null : new Requirement(requireCheck),
    verdicts: new Verdicts(optionalPath('verdicts', options.verdicts)),
    probe: checkProbe(options.probe),
    cacheDir: checkCacheDir(options.cacheDir),
    maxCopySize: checkCount('maxCopySize', maxCopySize, {
      most: Number.MAX_SAFE_INTEGER,
    }),
  };
  const stateDir = optionalPath('stateDir', options.stateDir);
  return {
    paths: checkStrings('paths', paths),
    depth: checkCount('depth', depth, { least: 0, most: 16 }),
    policy,
    quarantine: new Quarantine(stateDir === undefined ? undefined : join(stateDir, 'quarantine.json')),
    demotions: stateDir === undefined ? null : new Demotions(stateDir),
    stateDir,
    kinds,
  };
}

function checkKinds(given: HostOptions['kinds'] = {}): Required<KindOptions> {
  const listed = Array.isArray(given);
  if (!listed && !isObject(given))
    throw invalidArgument('kinds', `must be an array of kinds or an object, not ${shown(given)}`);
  const options: KindOptions = readOptions('kinds', listed ? { use: given } : (given as KindOptions));
  checkKnown('kinds', options, ['use', 'facts'], 'kinds.');
  const { use = [], facts = 'optional' } = options;
  const at = listed ? 'kinds' : 'kinds.use';
  if (!Array.isArray(use))
    throw invalidArgument(at, `must be an array of kinds made by defineKind, not ${shown(use)}`);
  const kinds = use.map((kind: unknown, index) => {
    requireKind(`${at}[${index}]`, kind);
    return kind;
  });
  return { use: kinds, facts: checkOneOf('kinds.facts', facts, ['optional', 'required']) };
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

function checkCacheDir(value: unknown): string | undefined {
  const folder = optionalPath('cacheDir', value);
  const token = folder === undefined ? undefined : loaderTokenIn(folder);
  if (token === undefined) return folder;
  const problem = `must not contain ${token}, because the loader puts something else in its place`;
  throw invalidArgument('cacheDir', problem, ' Choose a folder without it.');
}

function optionalPath(name: string, value: unknown): string | undefined {
  return value === undefined ? undefined : checkString(name, value);
}

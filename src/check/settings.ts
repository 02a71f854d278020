/** Validates the options of a run and adds their defaults. */
import { randomInt } from 'node:crypto';
import { accessSync, constants, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { invalidArgument, messageOf } from '../base/errors.js';
import {
  checkBoolean,
  checkCount,
  checkKnown,
  checkMilliseconds,
  checkOneOf,
  checkSignal,
  checkString,
  checkStrings,
  readOptions,
  shown,
} from '../base/options.js';
import { LEVELS, type Level, SEVERITIES, type Severity } from './verdict.js';

/** Sanitizers of compilers: the plugin must have been built with them. */
export const COMPILED_SANITIZERS = ['address', 'undefined', 'thread'] as const;
/** These and valgrind, which runs any plugin. */
export const SANITIZERS = [...COMPILED_SANITIZERS, 'valgrind'] as const;
export type Sanitizer = (typeof SANITIZERS)[number];
export type CompiledSanitizer = (typeof COMPILED_SANITIZERS)[number];

/** The user's rule for one check. */
export interface CheckRule {
  /** Replaces the severity of the check. */
  readonly severity?: Severity | undefined;
  /** The reason for which findings are accepted. They are still shown. */
  readonly except?: string | undefined;
}

/** Options of the checks that generate inputs. */
export interface FuzzOptions {
  /** Milliseconds for each of the checks of group `fuzz`. */
  readonly budget: number;
  /** A folder with initial inputs. */
  readonly corpus?: string | undefined;
  /** A file with one input. Only this input is tried. */
  readonly reproduce?: string | undefined;
}

/** {@link FuzzOptions} with defaults. */
export interface FuzzSettings extends FuzzOptions {
  /** The number of inputs after which a check ends before its time is up. */
  readonly most?: number;
}

/** Options of `check()`. The command has the same options. */
export interface CheckOptions {
  /** The depth of the check: `basic` (default), `strict` or `torture`. */
  readonly level?: Level | undefined;
  /** The seed of all random data. Default: a new one for each run. The verdict contains it. */
  readonly seed?: number | undefined;
  /** The number of processes at the same time. Default: the number of processors. */
  readonly jobs?: number | undefined;
  /** The timeout of each check in milliseconds, which replaces the check's own; Infinity for none. */
  readonly timeout?: number | undefined;
  /** The number of times that each check is run. The first run that does not pass counts. */
  readonly repeat?: number | undefined;
  /** Globs over ids (`calls/*`). Only these checks are run, and those that they depend on. */
  readonly filter?: readonly string[] | undefined;
  /** The least severity of a finding that counts as a failure. Default: `error`. */
  readonly failOn?: 'error' | 'warning' | undefined;
  /** The config for instances, as JSON text. Default: empty. */
  readonly pluginConfig?: string | undefined;
  /** Files with inputs that the plugin understands. The first one is the usual input. */
  readonly inputs?: readonly string[] | undefined;
  /** Whether to use inputs, a corpus and descriptions of kinds that are next to a plugin. Default: true. */
  readonly examples?: boolean | undefined;
  /** Rules by the id of a check. */
  readonly rules?: Readonly<Record<string, CheckRule>> | undefined;
  /** Names of libraries that a plugin may need besides those of the system. `*` matches any characters. */
  readonly allowNeeded?: readonly string[] | undefined;
  /** The oldest glibc that the plugin must run on, such as `2.36`. Default: the plugin only has to run here. */
  readonly glibc?: string | undefined;
  /**
   * Runs the checks that generate inputs and configs. `false`: they are not run. Default: at the level `torture` they
   * try some thousand inputs, in a few seconds.
   */
  readonly fuzz?: FuzzOptions | false | undefined;
  /**
   * The sanitizer that the plugin was built with. A matching checker loads it, and reports are findings. `valgrind`
   * runs a plugin that was built without one.
   */
  readonly sanitize?: Sanitizer | undefined;
  /** A folder for inputs that reproduce a finding. Default: they are not kept. */
  readonly artifacts?: string | undefined;
  /** Called for each completed check, in the order of completion. */
  readonly onProgress?: ((progress: CheckProgress) => void) | undefined;
  /** Called before the first check of an installation builds `tenon-checker`. */
  readonly onBuild?: ((program: string) => void) | undefined;
  /** Ends the run. Checks that are not complete by then are `incomplete`. */
  readonly signal?: AbortSignal | undefined;
}

/** The progress of a run. */
export interface CheckProgress {
  readonly path: string;
  /** The check that ended. */
  readonly id: string;
  readonly done: number;
  readonly total: number;
}

type Unset = undefined;

/** {@link CheckOptions} with defaults. */
export interface CheckSettings {
  readonly level: Level;
  readonly seed: number;
  readonly jobs: number;
  readonly timeout: number | Unset;
  readonly repeat: number;
  readonly filter: readonly string[];
  readonly failOn: 'error' | 'warning';
  readonly pluginConfig: string;
  readonly inputs: readonly string[];
  readonly examples: boolean;
  readonly rules: Readonly<Record<string, CheckRule>>;
  readonly allowNeeded: readonly string[];
  readonly glibc: string | Unset;
  readonly fuzz: FuzzSettings | Unset;
  readonly sanitize: Sanitizer | Unset;
  readonly artifacts: string | Unset;
  readonly onProgress: (progress: CheckProgress) => void;
  readonly onBuild: ((program: string) => void) | undefined;
  readonly signal: AbortSignal | Unset;
}

const MAX_SEED = 2 ** 32;
const MAX_BUDGET = 2 ** 31 - 1;

const OPTIONS: readonly (keyof CheckOptions)[] = [
  ...(['level', 'seed', 'jobs', 'timeout', 'repeat', 'filter', 'failOn', 'pluginConfig', 'inputs'] as const),
  ...(['rules', 'allowNeeded', 'glibc', 'fuzz', 'sanitize', 'artifacts', 'onProgress', 'onBuild'] as const),
  'signal',
  'examples',
];

/** Returns validated options with defaults. @throws TenonError ERR_TENON_INVALID_ARGUMENT */
export function settingsOf(given: CheckOptions = {}): CheckSettings {
  const options = readOptions('options', given);
  checkKnown('check', options, OPTIONS);
  const { level = 'basic', failOn = 'error', fuzz, sanitize, timeout, glibc, artifacts } = options;
  return {
    level: checkOneOf('level', level, LEVELS),
    seed: checkCount('seed', options.seed ?? randomInt(MAX_SEED), { least: 0, most: MAX_SEED - 1 }),
    jobs: checkCount('jobs', options.jobs ?? availableParallelism(), { most: 1024 }),
    timeout: timeout === undefined ? undefined : checkMilliseconds('timeout', timeout),
    repeat: checkCount('repeat', options.repeat ?? 1, { most: 1_000_000 }),
    filter: checkStrings('filter', options.filter ?? []),
    failOn: checkOneOf('failOn', failOn, ['error', 'warning']),
    pluginConfig: checkJson(options.pluginConfig ?? ''),
    inputs: checkStrings('inputs', options.inputs ?? []),
    examples: checkBoolean('examples', options.examples ?? true),
    rules: checkRules(options.rules ?? {}),
    allowNeeded: checkStrings('allowNeeded', options.allowNeeded ?? []),
    glibc: glibc === undefined ? undefined : checkGlibc(glibc),
    fuzz: fuzz === undefined ? usualFuzz(options) : fuzz === false ? undefined : checkFuzz(fuzz),
    sanitize: sanitize === undefined ? undefined : checkOneOf('sanitize', sanitize, SANITIZERS),
    artifacts: artifacts === undefined ? undefined : checkString('artifacts', artifacts),
    onProgress: checkFunction('onProgress', options.onProgress) ?? (() => undefined),
    onBuild: checkFunction('onBuild', options.onBuild),
    signal: checkSignal(options.signal),
  };
}

function checkFunction<T>(name: string, value: T): T {
  if (value === undefined || typeof value === 'function') return value;
  throw invalidArgument(name, `must be a function, not ${shown(value)}`);
}

function checkGlibc(value: unknown): string {
  if (typeof value === 'string' && /^\d+\.\d+$/.test(value)) return value;
  throw invalidArgument('glibc', `must be a version such as 2.36, not ${shown(value)}`);
}

function checkFuzz(given: FuzzOptions): FuzzOptions {
  const fuzz = readOptions('fuzz', given);
  checkKnown('fuzz', fuzz, ['budget', 'corpus', 'reproduce'], 'fuzz.');
  const { budget, corpus, reproduce } = fuzz;
  checkCount('fuzz.budget', budget, { most: MAX_BUDGET });
  if (corpus !== undefined && !readableAs('folder', checkString('fuzz.corpus', corpus)))
    throw invalidArgument('fuzz.corpus', `must be a readable folder; ${corpus} is not`);
  if (reproduce !== undefined && !readableAs('file', checkString('fuzz.reproduce', reproduce)))
    throw invalidArgument('fuzz.reproduce', `must be a readable file; ${reproduce} is not`);
  return { budget, corpus, reproduce };
}

/** The inputs of each check of group `fuzz` at the level torture. A number, so that all runs try the same ones. */
const USUAL_INPUTS = 3000;
/** Milliseconds for them. Slow plugins get fewer inputs. */
const USUAL_BUDGET = 8000;

function usualFuzz({ level, sanitize }: CheckOptions): FuzzSettings | undefined {
  if (level !== 'torture' || sanitize !== undefined) return undefined;
  return { budget: USUAL_BUDGET, most: USUAL_INPUTS };
}

function readableAs(what: 'file' | 'folder', path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return statSync(path).isDirectory() === (what === 'folder');
  } catch {
    return false;
  }
}

function checkJson(text: unknown): string {
  if (typeof text !== 'string')
    throw invalidArgument('pluginConfig', `must be a string with JSON, not ${shown(text)}`);
  if (text === '') return text;
  try {
    JSON.parse(text);
  } catch (error) {
    throw invalidArgument('pluginConfig', `must be JSON: ${messageOf(error)}`);
  }
  return text;
}

function checkRules(given: Readonly<Record<string, CheckRule>>): Readonly<Record<string, CheckRule>> {
  const rules = Object.entries(readOptions('rules', given)).map(([id, rule]) => {
    const name = `rules['${id}']`;
    const { severity, except, ...rest } = readOptions(name, rule);
    checkKnown('a rule', rest, ['severity', 'except'], `${name}.`);
    if (severity !== undefined) checkOneOf(`${name}.severity`, severity, SEVERITIES);
    if (except !== undefined && (typeof except !== 'string' || except.trim() === ''))
      throw invalidArgument(`${name}.except`, 'must be the reason why the finding is accepted');
    return [id, { severity, except }] as const;
  });
  return Object.fromEntries(rules);
}

/** What a run of the suite is asked to do: checked options with their defaults. */
import { randomInt } from 'node:crypto';
import { accessSync, constants, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { invalidArgument } from '../base/errors.js';
import { LEVELS, type Level, SEVERITIES, type Severity } from './verdict.js';

export const SANITIZERS = ['address', 'undefined', 'thread'] as const;
export type Sanitizer = (typeof SANITIZERS)[number];

/** What the configuration says about one check. */
export interface CheckRule {
  /** Counts as this from now on. */
  readonly severity?: Severity | undefined;
  /** Findings are accepted, for this reason; they are still shown. */
  readonly except?: string | undefined;
}

/** How inputs are made up. */
export interface FuzzOptions {
  /** Milliseconds for each of the checks of group `fuzz`. */
  readonly budget: number;
  /** A folder with inputs to begin with. */
  readonly corpus?: string | undefined;
  /** A file with one input: only this one is tried. */
  readonly reproduce?: string | undefined;
}

/** Options of `check()`; the command line has the same. */
export interface CheckOptions {
  /** How much is checked: `basic` (default), `strict` or `torture`. */
  readonly level?: Level | undefined;
  /** From which everything random is made; unless told, another one each time. It stands in the verdict. */
  readonly seed?: number | undefined;
  /** Processes at a time; unless told, as many as there are processors. */
  readonly jobs?: number | undefined;
  /** Milliseconds that a single check may take, instead of its own timeout. */
  readonly timeout?: number | undefined;
  /** How often each check is run; the first run that does not pass counts. */
  readonly repeat?: number | undefined;
  /** Globs over ids (`calls/*`); only these checks, and those that they rest on, are run. */
  readonly filter?: readonly string[] | undefined;
  /** From which severity on a finding counts as a failure; `error` unless told. */
  readonly failOn?: 'error' | 'warning' | undefined;
  /** The config for instances, as JSON text; unless told it is empty. */
  readonly pluginConfig?: string | undefined;
  /** Files with inputs that the plugin understands; the first one is the usual input. */
  readonly inputs?: readonly string[] | undefined;
  /** By id of a check. */
  readonly rules?: Readonly<Record<string, CheckRule>> | undefined;
  /** Names of libraries that a plugin may need beside those of the system, with `*`. */
  readonly allowNeeded?: readonly string[] | undefined;
  /** The oldest glibc that the plugin has to run on: `2.36`. Unless told, it is enough that this system has what it needs. */
  readonly glibc?: string | undefined;
  /** Feeds made-up inputs and configs; not done unless told. */
  readonly fuzz?: FuzzOptions | undefined;
  /** The plugin was built with this sanitizer: a matching runner loads it, and reports are findings. */
  readonly sanitize?: Sanitizer | undefined;
  /** A folder in which inputs that show a finding are kept; unless told they are not. */
  readonly artifacts?: string | undefined;
  /** Called for each check that is done, in the order in which they end. */
  readonly onProgress?: ((progress: CheckProgress) => void) | undefined;
  /** Called before `tenon-checker` is built, which the first check of an installation does. */
  readonly onBuild?: ((program: string) => void) | undefined;
  /** Ends the run: what was not done by then is `incomplete`. */
  readonly signal?: AbortSignal | undefined;
}

/** How far a run is. */
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
  readonly rules: Readonly<Record<string, CheckRule>>;
  readonly allowNeeded: readonly string[];
  readonly glibc: string | Unset;
  readonly fuzz: FuzzOptions | Unset;
  readonly sanitize: Sanitizer | Unset;
  readonly artifacts: string | Unset;
  readonly onProgress: (progress: CheckProgress) => void;
  readonly onBuild: ((program: string) => void) | undefined;
  readonly signal: AbortSignal | Unset;
}

const MAX_SEED = 2 ** 32;
const MAX_TIMEOUT = 2 ** 31 - 1;

/** @throws TenonError ERR_TENON_INVALID_ARGUMENT */
export function settingsOf(options: CheckOptions = {}): CheckSettings {
  if (typeof options !== 'object' || options === null) throw invalidArgument('options', 'must be an object');
  const { level = 'basic', failOn = 'error', fuzz, sanitize, pluginConfig = '', rules = {} } = options;
  oneOf('level', level, LEVELS);
  oneOf('failOn', failOn, ['error', 'warning']);
  if (sanitize !== undefined) oneOf('sanitize', sanitize, SANITIZERS);
  if (fuzz !== undefined) checkFuzz(fuzz);
  if (options.timeout !== undefined) integer('timeout', options.timeout, 1, MAX_TIMEOUT);
  if (options.glibc !== undefined && !/^\d+\.\d+$/.test(options.glibc))
    throw invalidArgument('glibc', `must be a version such as 2.36, not '${options.glibc}'`);
  checkJson(pluginConfig);
  checkRules(rules);
  return {
    level,
    seed: integer('seed', options.seed ?? randomInt(MAX_SEED), 0, MAX_SEED - 1),
    jobs: integer('jobs', options.jobs ?? availableParallelism(), 1, 1024),
    timeout: options.timeout,
    repeat: integer('repeat', options.repeat ?? 1, 1, 1_000_000),
    filter: strings('filter', options.filter),
    failOn,
    pluginConfig,
    inputs: strings('inputs', options.inputs),
    rules,
    allowNeeded: strings('allowNeeded', options.allowNeeded),
    glibc: options.glibc,
    fuzz,
    sanitize,
    artifacts: options.artifacts,
    onProgress: options.onProgress ?? (() => undefined),
    onBuild: options.onBuild,
    signal: options.signal,
  };
}

function oneOf(name: string, value: string, allowed: readonly string[]): void {
  if (!allowed.includes(value))
    throw invalidArgument(name, `must be one of ${allowed.join(', ')}, not '${String(value)}'`);
}

function integer(name: string, value: number, min: number, max: number): number {
  if (!Number.isInteger(value) || value < min || value > max)
    throw invalidArgument(name, `must be a whole number from ${min} to ${max}, not ${String(value)}`);
  return value;
}

function strings(name: string, value: readonly string[] = []): readonly string[] {
  if (!Array.isArray(value) || value.some((one) => typeof one !== 'string' || one === ''))
    throw invalidArgument(name, 'must be an array of strings that are not empty');
  return value;
}

function checkFuzz({ budget, corpus, reproduce }: FuzzOptions): void {
  integer('fuzz.budget', budget, 1, MAX_TIMEOUT);
  if (corpus !== undefined && !readableAs('folder', corpus))
    throw invalidArgument('fuzz.corpus', `must be a folder that can be read; ${corpus} is not`);
  if (reproduce !== undefined && !readableAs('file', reproduce))
    throw invalidArgument('fuzz.reproduce', `must be a file that can be read; ${reproduce} is not`);
}

function readableAs(what: 'file' | 'folder', path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return statSync(path).isDirectory() === (what === 'folder');
  } catch {
    return false;
  }
}

function checkJson(text: string): void {
  if (text === '') return;
  try {
    JSON.parse(text);
  } catch (error) {
    throw invalidArgument('pluginConfig', `must be JSON: ${String(error)}`);
  }
}

function checkRules(rules: Readonly<Record<string, CheckRule>>): void {
  for (const [id, { severity, except }] of Object.entries(rules)) {
    if (severity !== undefined) oneOf(`rules['${id}'].severity`, severity, SEVERITIES);
    if (except !== undefined && (typeof except !== 'string' || except.trim() === ''))
      throw invalidArgument(`rules['${id}'].except`, 'must be the reason why the finding is accepted');
  }
}

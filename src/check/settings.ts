/** Validates the options of a run and adds their defaults. */
import { randomInt } from 'node:crypto';
import { accessSync, constants, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { invalidArgument } from '../base/errors.js';
import { LEVELS, type Level, SEVERITIES, type Severity } from './verdict.js';

export const SANITIZERS = ['address', 'undefined', 'thread'] as const;
export type Sanitizer = (typeof SANITIZERS)[number];

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

/** Options of `check()`. The command has the same options. */
export interface CheckOptions {
  /** The depth of the check: `basic` (default), `strict` or `torture`. */
  readonly level?: Level | undefined;
  /** The seed of all random data. Default: a new one for each run. The verdict contains it. */
  readonly seed?: number | undefined;
  /** The number of processes at the same time. Default: the number of processors. */
  readonly jobs?: number | undefined;
  /** The timeout of each check in milliseconds, which replaces the check's own. */
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
  /** Rules by the id of a check. */
  readonly rules?: Readonly<Record<string, CheckRule>> | undefined;
  /** Names of libraries that a plugin may need besides those of the system. `*` matches any characters. */
  readonly allowNeeded?: readonly string[] | undefined;
  /** The oldest glibc that the plugin must run on, such as `2.36`. Default: the plugin only has to run here. */
  readonly glibc?: string | undefined;
  /** Runs the checks that generate inputs and configs. Default: they are not run. */
  readonly fuzz?: FuzzOptions | undefined;
  /** The sanitizer that the plugin was built with. A matching checker loads it, and reports are findings. */
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

/** Returns validated options with defaults. @throws TenonError ERR_TENON_INVALID_ARGUMENT */
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
    throw invalidArgument(name, 'must be an array of non-empty strings');
  return value;
}

function checkFuzz({ budget, corpus, reproduce }: FuzzOptions): void {
  integer('fuzz.budget', budget, 1, MAX_TIMEOUT);
  if (corpus !== undefined && !readableAs('folder', corpus))
    throw invalidArgument('fuzz.corpus', `must be a readable folder; ${corpus} is not`);
  if (reproduce !== undefined && !readableAs('file', reproduce))
    throw invalidArgument('fuzz.reproduce', `must be a readable file; ${reproduce} is not`);
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

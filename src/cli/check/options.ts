/** The command line of `tenon check`. */
import {
  CHECKS,
  type CheckOptions,
  FORMATS,
  type Format,
  type FuzzOptions,
  LEVELS,
  SANITIZERS,
} from '../../check/index.js';
import { parseJson } from '../json.js';
import { type OptionTable, type OptionValues, parse } from '../options.js';
import { UsageError } from '../usage.js';
import { durationOf, optionalDuration, wholeNumber } from '../values.js';
import { configOf } from './config.js';

export interface CheckCommand {
  readonly files: readonly string[];
  readonly options: CheckOptions;
  /** The format; undefined for the default of the environment. */
  readonly format: Format | undefined;
  readonly output: string | undefined;
  /** The file of certificates for hosts that require one. */
  readonly certificates: string | undefined;
  readonly onlyFailed: boolean;
  readonly inProcess: boolean;
}

/** The request: to run the suite, or to explain it. */
export type Request =
  | ({ readonly type: 'run' } & CheckCommand)
  | { readonly type: 'list'; readonly json: boolean }
  | { readonly type: 'explain'; readonly id: string };

const ARTIFACTS = 'tenon-artifacts';

const WHAT = 'What is checked';
const HOW = 'How it runs';
const SHOWN = 'What is shown';

const ids = CHECKS.map(({ id }) => id);

export const OPTIONS = {
  level: {
    group: WHAT,
    value: 'LEVEL',
    words: LEVELS,
    about: "'basic' (the default), 'strict' or 'torture'",
  },
  filter: {
    group: WHAT,
    value: 'GLOB',
    repeat: true,
    hints: ids,
    about: 'only checks whose id matches, and those that they depend on',
  },
  'plugin-config': { group: WHAT, value: 'JSON', about: 'the config for instances' },
  input: {
    group: WHAT,
    value: 'FILE',
    repeat: true,
    path: 'file',
    about: 'a valid input of the plugin; most checks use the first',
  },
  'no-examples': {
    group: WHAT,
    about: 'ignore the inputs, the corpus and the descriptions of kinds that are next to a plugin',
  },
  'allow-needed': {
    group: WHAT,
    value: 'NAME',
    repeat: true,
    about: "a library that the plugin may need besides the system's; may contain '*'",
  },
  glibc: {
    group: WHAT,
    value: 'VERSION',
    about: 'the oldest glibc that the plugin must run on, such as 2.36',
  },
  fuzz: {
    group: WHAT,
    value: 'TIME',
    about: 'fuzz inputs and configs, for this time each, such as 60s',
  },
  corpus: { group: WHAT, value: 'FOLDER', path: 'folder', about: 'a folder of initial inputs for --fuzz' },
  reproduce: {
    group: WHAT,
    value: 'FILE',
    path: 'file',
    about: 'run the fuzzing checks with only the input or config in this file',
  },
  sanitize: {
    group: WHAT,
    value: 'SANITIZER',
    words: SANITIZERS,
    about:
      "the plugin was built with this sanitizer: 'address', 'undefined' or 'thread'; 'valgrind' runs any plugin",
  },
  config: {
    group: WHAT,
    value: 'FILE',
    path: 'file',
    about: 'a JSON file with these options and rules for checks (docs/check-config.schema.json)',
  },
  seed: {
    group: HOW,
    value: 'N',
    about: 'the seed of all random values; the verdict contains it',
  },
  jobs: {
    group: HOW,
    value: 'N',
    about: 'the number of concurrent processes; by default the number of processors',
  },
  timeout: {
    group: HOW,
    value: 'TIME',
    about: 'the timeout of every check, such as 500ms or 10s, instead of its own timeout',
  },
  repeat: { group: HOW, value: 'N', about: 'run each check up to N times, until one run does not pass' },
  artifacts: {
    group: HOW,
    value: 'FOLDER',
    path: 'folder',
    about: 'the folder for inputs that cause a finding; with --fuzz the default is tenon-artifacts',
  },
  'in-process': {
    group: HOW,
    about:
      'for debuggers: run the scenarios of the checks in one process in the foreground, one after the other, without a timeout and without handling signals',
  },
  format: {
    group: SHOWN,
    value: 'FORMAT',
    words: FORMATS,
    about: "'pretty' (the default), 'compact', 'json', 'junit', 'sarif', 'github' or 'html'",
  },
  json: { group: SHOWN, about: 'the same as --format json' },
  'only-failed': { group: SHOWN, about: 'omit checks that passed or were skipped' },
  output: {
    group: SHOWN,
    value: 'FILE',
    path: 'file',
    about: 'write the verdict to FILE; findings are then listed on the standard error output',
  },
  certificates: {
    group: SHOWN,
    value: 'FILE',
    path: 'file',
    about: "add a certificate of each plugin to FILE, for hosts with the option 'requireCheck'",
  },
  'fail-on': {
    group: SHOWN,
    value: 'SEVERITY',
    words: ['error', 'warning'],
    about: "the minimum severity of a finding that fails the run: 'error' (the default) or 'warning'",
  },
  list: { group: SHOWN, about: 'list all checks' },
  explain: { group: SHOWN, value: 'ID', hints: ids, about: 'explain one check' },
} as const satisfies OptionTable;

type Values = OptionValues<typeof OPTIONS>;

/** @throws UsageError */
export function requestOf(args: readonly string[]): Request {
  const { values, operands: files } = parse(OPTIONS, args);
  const format = formatOf(values.format, values.json === true);
  if (values.list === true || values.explain !== undefined) {
    if (files.length > 0) throw new UsageError('--list and --explain take no files.');
    if (values.explain !== undefined) return { type: 'explain', id: values.explain };
    return { type: 'list', json: format === 'json' };
  }
  if (files.length === 0 || files.includes(''))
    throw new UsageError('a file is missing. Name at least one file or folder.');
  const options = optionsOf(values);
  const { output, certificates } = values;
  const inProcess = values['in-process'] === true;
  if (inProcess && (files.length > 1 || (output ?? certificates ?? format) !== undefined))
    throw new UsageError('--in-process takes one file, and none of --format, --output and --certificates.');
  checkCertificates(certificates, options);
  const onlyFailed = values['only-failed'] === true;
  return { type: 'run', files, options, format, output, certificates, onlyFailed, inProcess };
}

function optionsOf(values: Values): CheckOptions {
  if (values['plugin-config'] !== undefined) parseJson(values['plugin-config'], '--plugin-config');
  const told = {
    level: values.level,
    failOn: values['fail-on'],
    sanitize: values.sanitize,
    filter: values.filter,
    jobs: wholeNumber('--jobs', values.jobs),
    repeat: wholeNumber('--repeat', values.repeat),
    seed: wholeNumber('--seed', values.seed),
    timeout: optionalDuration('--timeout', values.timeout),
    pluginConfig: values['plugin-config'],
    inputs: values.input,
    examples: values['no-examples'] === true ? false : undefined,
    allowNeeded: values['allow-needed'],
    glibc: values.glibc,
    artifacts: values.artifacts,
    fuzz: fuzzOf(values),
  } satisfies CheckOptions;
  return withArtifacts({
    ...(values.config === undefined ? {} : configOf(values.config)),
    ...withoutUnset(told),
  });
}

/** Returns the options of fuzzing. --reproduce also works without --fuzz, because a single input needs no budget. */
function fuzzOf({ fuzz, corpus, reproduce }: Values): CheckOptions['fuzz'] {
  if (fuzz === undefined && corpus !== undefined)
    throw new UsageError('--corpus needs --fuzz. Add --fuzz with a time, or omit --corpus.');
  if (fuzz === undefined && reproduce === undefined) return undefined;
  return { budget: fuzz === undefined ? 1 : durationOf('--fuzz', fuzz), corpus, reproduce };
}

/** Returns the options of fuzzing, if the user has requested it. */
function requested({ fuzz }: CheckOptions): FuzzOptions | undefined {
  return fuzz === false ? undefined : fuzz;
}

function checkCertificates(certificates: string | undefined, options: CheckOptions): void {
  if (certificates === undefined) return;
  if (certificates === '')
    throw new UsageError('--certificates must be the path of a file, not an empty string.');
  if ((options.filter ?? options.sanitize ?? requested(options)?.reproduce) !== undefined)
    throw new UsageError(
      '--certificates needs all checks of a level, but --filter, --sanitize and --reproduce omit some. Omit one or the other.',
    );
}

/** Adds the default folder for inputs. A generated input that causes a finding would otherwise be lost. */
function withArtifacts(options: CheckOptions): CheckOptions {
  const fuzz = requested(options);
  if (fuzz === undefined || fuzz.reproduce !== undefined) return options;
  return { artifacts: ARTIFACTS, ...options };
}

function formatOf(format: Format | undefined, json: boolean): Format | undefined {
  if (json && format !== undefined && format !== 'json')
    throw new UsageError(`--json cannot be combined with --format ${format}. Omit one of them.`);
  return json ? 'json' : format;
}

/** Removes options that were not given, which must not replace those of the file of --config. */
function withoutUnset(options: CheckOptions): CheckOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

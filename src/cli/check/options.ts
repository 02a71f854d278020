/** The command line of `tenon check`. */
import { CHECKS, type CheckOptions, FORMATS, type Format, LEVELS, SANITIZERS } from '../../check/index.js';
import { parseJson } from '../json.js';
import { type OptionTable, type OptionValues, parse } from '../options.js';
import { UsageError } from '../usage.js';
import { durationOf, optionalDuration, wholeNumber } from '../values.js';
import { configOf } from './config.js';

export interface CheckCommand {
  readonly files: readonly string[];
  readonly options: CheckOptions;
  /** Undefined: as the surroundings suggest. */
  readonly format: Format | undefined;
  readonly output: string | undefined;
  /** A file of certificates for hosts that demand one. */
  readonly certificates: string | undefined;
  readonly onlyFailed: boolean;
  readonly inProcess: boolean;
}

/** The suite is to be run, or explained. */
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
    about: 'only checks whose id matches, and those that they rest on',
  },
  'plugin-config': { group: WHAT, value: 'JSON', about: 'the config for instances' },
  input: {
    group: WHAT,
    value: 'FILE',
    repeat: true,
    path: 'file',
    about: 'an input that the plugin understands; the first is the usual one',
  },
  'allow-needed': {
    group: WHAT,
    value: 'NAME',
    repeat: true,
    about: "a library that the plugin may need beside the system's, with '*'",
  },
  glibc: {
    group: WHAT,
    value: 'VERSION',
    about: 'the oldest glibc that the plugin has to run on, such as 2.36',
  },
  fuzz: {
    group: WHAT,
    value: 'TIME',
    about: 'feed made-up inputs and configs for this time each, such as 60s',
  },
  corpus: { group: WHAT, value: 'FOLDER', path: 'folder', about: 'inputs to begin with when fuzzing' },
  reproduce: {
    group: WHAT,
    value: 'FILE',
    path: 'file',
    about: 'try only the input or config in this file, with the checks that fuzz',
  },
  sanitize: {
    group: WHAT,
    value: 'SANITIZER',
    words: SANITIZERS,
    about: "the plugin was built with this sanitizer: 'address', 'undefined' or 'thread'",
  },
  config: {
    group: WHAT,
    value: 'FILE',
    path: 'file',
    about: 'JSON with these options and a rule for each check (docs/check-config.schema.json)',
  },
  seed: {
    group: HOW,
    value: 'N',
    about: 'the number from which everything random is made; part of the verdict',
  },
  jobs: { group: HOW, value: 'N', about: 'processes at a time; by default as many as there are processors' },
  timeout: {
    group: HOW,
    value: 'TIME',
    about: 'how long one check may take, such as 500ms or 10s, instead of its own timeout',
  },
  repeat: { group: HOW, value: 'N', about: 'run each check N times, until one run does not pass' },
  artifacts: {
    group: HOW,
    value: 'FOLDER',
    path: 'folder',
    about: 'keep inputs that show a finding there; with --fuzz the default is tenon-artifacts',
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
  'only-failed': { group: SHOWN, about: 'leave out what passed and what was skipped' },
  output: {
    group: SHOWN,
    value: 'FILE',
    path: 'file',
    about: 'write there instead; findings are then listed on the standard error output',
  },
  certificates: {
    group: SHOWN,
    value: 'FILE',
    path: 'file',
    about: "add the outcome to FILE, for hosts with the option 'requireCheck'",
  },
  'fail-on': {
    group: SHOWN,
    value: 'SEVERITY',
    words: ['error', 'warning'],
    about: "the least severity of a finding that counts: 'error' (the default) or 'warning'",
  },
  list: { group: SHOWN, about: 'the checks that there are' },
  explain: { group: SHOWN, value: 'ID', hints: ids, about: 'everything about one check' },
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

/** One input needs no time for others: --reproduce works without --fuzz, too. */
function fuzzOf({ fuzz, corpus, reproduce }: Values): CheckOptions['fuzz'] {
  if (fuzz === undefined && corpus !== undefined) throw new UsageError('--corpus is for --fuzz.');
  if (fuzz === undefined && reproduce === undefined) return undefined;
  return { budget: fuzz === undefined ? 1 : durationOf('--fuzz', fuzz), corpus, reproduce };
}

function checkCertificates(certificates: string | undefined, options: CheckOptions): void {
  if (certificates === undefined) return;
  if (certificates === '') throw new UsageError('--certificates must name a file.');
  if ((options.filter ?? options.sanitize ?? options.fuzz?.reproduce) !== undefined)
    throw new UsageError(
      '--certificates is for all checks of a level, but --filter, --sanitize and --reproduce leave some out.',
    );
}

/** A made-up input that shows a finding is there only once: it is kept. */
function withArtifacts(options: CheckOptions): CheckOptions {
  if (options.fuzz === undefined || options.fuzz.reproduce !== undefined) return options;
  return { artifacts: ARTIFACTS, ...options };
}

function formatOf(format: Format | undefined, json: boolean): Format | undefined {
  if (json && format !== undefined && format !== 'json')
    throw new UsageError(`--json and --format ${format} exclude each other.`);
  return json ? 'json' : format;
}

/** An option that was not given must not hide that of the file of --config. */
function withoutUnset(options: CheckOptions): CheckOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

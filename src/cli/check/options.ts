/** The command line of `tenon check`. */
import { type CheckOptions, FORMATS, type Format } from '../../check/index.js';
import { parse, UsageError } from '../command.js';
import { configOf } from './config.js';
import { durationOf, wholeNumber } from './values.js';

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

/** What the command is asked to do: run the suite, or tell about it. */
export type Request =
  | ({ readonly type: 'run' } & CheckCommand)
  | { readonly type: 'list'; readonly json: boolean }
  | { readonly type: 'explain'; readonly id: string };

const ARTIFACTS = 'tenon-artifacts';

const text = { type: 'string' } as const;
const texts = { type: 'string', multiple: true } as const;
const flag = { type: 'boolean' } as const;

export const OPTIONS = {
  level: text,
  format: text,
  'only-failed': flag,
  filter: texts,
  jobs: text,
  timeout: text,
  repeat: text,
  seed: text,
  'in-process': flag,
  config: text,
  'fail-on': text,
  output: text,
  certificates: text,
  list: flag,
  json: flag,
  explain: text,
  'plugin-config': text,
  input: texts,
  'allow-needed': texts,
  glibc: text,
  fuzz: text,
  reproduce: text,
  corpus: text,
  sanitize: text,
  artifacts: text,
} as const;

/** @throws UsageError */
export function requestOf(args: readonly string[]): Request {
  const { values, positionals: files } = parse({ args: [...args], options: OPTIONS, allowPositionals: true });
  const format = formatOf(values.format, values.json === true);
  if (values.list === true || values.explain !== undefined) {
    if (files.length > 0) throw new UsageError('--list and --explain take no files');
    if (values.explain !== undefined) return { type: 'explain', id: values.explain };
    return { type: 'list', json: format === 'json' };
  }
  if (files.length === 0 || files.includes('')) throw new UsageError('name at least one file');
  const { output, certificates, corpus, reproduce, config } = values;
  const fuzz =
    values.fuzz === undefined ? undefined : { budget: durationOf('--fuzz', values.fuzz), corpus, reproduce };
  if (fuzz === undefined && (corpus ?? reproduce) !== undefined)
    throw new UsageError('--corpus and --reproduce are for --fuzz');
  const told = {
    level: values.level as CheckOptions['level'],
    failOn: values['fail-on'] as CheckOptions['failOn'],
    sanitize: values.sanitize as CheckOptions['sanitize'],
    filter: values.filter,
    jobs: wholeNumber('--jobs', values.jobs),
    repeat: wholeNumber('--repeat', values.repeat),
    seed: wholeNumber('--seed', values.seed),
    timeout: values.timeout === undefined ? undefined : durationOf('--timeout', values.timeout),
    pluginConfig: values['plugin-config'],
    inputs: values.input,
    allowNeeded: values['allow-needed'],
    glibc: values.glibc,
    artifacts: values.artifacts,
    fuzz,
  } satisfies CheckOptions;
  const options = withArtifacts({
    ...(config === undefined ? {} : configOf(config)),
    ...withoutUnset(told),
  });
  const inProcess = values['in-process'] === true;
  const shown = output ?? certificates ?? format;
  if (inProcess && (files.length > 1 || shown !== undefined))
    throw new UsageError('--in-process takes one file, and none of --format, --output and --certificates');
  if (certificates === '') throw new UsageError('--certificates must name a file');
  const partial = options.filter ?? options.sanitize ?? options.fuzz?.reproduce;
  if (certificates !== undefined && partial !== undefined)
    throw new UsageError(
      '--certificates is for all checks of a level; --filter, --sanitize and --reproduce leave some out',
    );
  return {
    type: 'run',
    files,
    options,
    format,
    output,
    certificates,
    onlyFailed: values['only-failed'] === true,
    inProcess,
  };
}

/** A made-up input that shows a finding is there only once: it is kept. */
function withArtifacts(options: CheckOptions): CheckOptions {
  if (options.fuzz === undefined || options.fuzz.reproduce !== undefined) return options;
  return { artifacts: ARTIFACTS, ...options };
}

function formatOf(name: string | undefined, json: boolean): Format | undefined {
  if (name === undefined) return json ? 'json' : undefined;
  const format = FORMATS.find((one) => one === name);
  if (format === undefined)
    throw new UsageError(`--format must be one of ${FORMATS.join(', ')}, not '${name}'`);
  if (json && format !== 'json') throw new UsageError(`--json and --format ${name} exclude each other`);
  return format;
}

/** What the command line says counts more than the file of --config; what it does not say does not. */
function withoutUnset(options: CheckOptions): CheckOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

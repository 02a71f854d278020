/** `tenon call`: one call of one plugin. */
import { readFile } from 'node:fs/promises';
import { constants } from 'node:os';
import { resolve } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { messageOf } from '../base/errors.js';
import { type Instance, type LoadOptions, type Plugin, PluginHost } from '../index.js';
import { type Command, Exit, type Work } from './command.js';
import { tell } from './guarded.js';
import type { Io } from './io.js';
import { parseJson } from './json.js';
import { type Method, methodOf, readMethod } from './method.js';
import { type OptionTable, parse } from './options.js';
import { printable } from './text.js';
import { type ChosenTier, ISOLATION, tierFor } from './tier.js';
import { UsageError } from './usage.js';
import { depthOf, optionalDuration, pairsOf, sizeOf, wholeNumber } from './values.js';

const OPTIONS = {
  method: {
    value: 'METHOD',
    about:
      "'something' (the default), or a method of a kind by its slot or name: 'codec/1#0', 'codec.encode'",
  },
  config: {
    value: 'JSON',
    about: "the config of the instance, or '@FILE' for the content of a file; without it the config is empty",
  },
  input: {
    value: 'INPUT',
    about:
      "the input: text, '@FILE' for the content of a file, '-' for the standard input; without it the input is empty",
  },
  path: { value: 'FOLDER', repeat: true, path: 'folder', about: 'a folder with plugins, for names' },
  depth: { value: 'N', about: 'look N levels below each of these folders too (0 to 16, default 0)' },
  isolation: ISOLATION,
  timeout: { value: 'TIME', about: 'how long new and the call may take, such as 500ms or 10s' },
  sandbox: {
    about:
      "no network, no other programs, no writing to files, and no reading of files except the system's libraries (process tier, Linux)",
  },
  'sandbox-read': {
    value: 'FOLDER',
    repeat: true,
    path: 'folder',
    about: 'a sandbox in which the plugin may also read files below FOLDER',
  },
  limits: {
    value: 'LIMITS',
    about:
      "limits of the plugin's process: 'memory=256MiB,cpu=10,files=32' (bytes, seconds of CPU time, open files)",
  },
} as const satisfies OptionTable;

export const call: Command = {
  summary: 'call a plugin once',
  usage: ['PLUGIN [OPTION…]'],
  about: [
    'Loads a plugin, makes an instance, calls it once, and writes the bytes of the result, and nothing else, to the standard output. Everything that the plugin logs or prints goes to the standard error output.',
    'PLUGIN is the path of a file, or the name of a plugin in the folders of --path and of the environment variable TENON_PATH.',
    'The plugin runs in a process of its own, unless --isolation says otherwise.',
  ],
  options: OPTIONS,
  operands: 'files',
  exits: '1 the plugin was refused or failed',
  prepare(args) {
    const { values, operands } = parse(OPTIONS, args);
    const [plugin = ''] = operands;
    if (operands.length > 1)
      throw new UsageError(`call takes one plugin, but ${operands.length} were given.`);
    if (plugin === '') throw new UsageError('a plugin is missing. Name one, or give the path of a file.');
    if (values.config?.startsWith('@') === false) parseJson(values.config, '--config');
    const tier = tierFor(values.isolation);
    const isPath = /[\\/]|\.(so|dll|dylib)$/i.test(plugin);
    const unused = isPath
      ? (['path', 'depth'] as const).find((name) => values[name] !== undefined)
      : undefined;
    if (unused !== undefined)
      throw new UsageError(`--${unused} is for the names of plugins, but '${plugin}' is a path.`);
    const settings: Settings = {
      plugin: isPath ? resolve(plugin) : plugin,
      method: readMethod(values.method ?? 'something'),
      config: values.config,
      input: values.input ?? '',
      search: { paths: values.path ?? [], depth: depthOf(values.depth) },
      tier,
      load: loadOptions(tier, values),
    };
    return workOf(settings);
  },
};

interface Settings {
  readonly plugin: string;
  readonly method: Method;
  readonly config: string | undefined;
  readonly input: string;
  readonly search: { readonly paths: readonly string[]; readonly depth: number };
  readonly tier: ChosenTier;
  readonly load: LoadOptions;
}

/**
 * Returns the load options. Refuses options that need the process tier if the command fell back to another tier. In
 * all other cases the host refuses them.
 */
function loadOptions(
  { isolation, fallback }: ChosenTier,
  values: ReturnType<typeof parse<typeof OPTIONS>>['values'],
): LoadOptions {
  const read = values['sandbox-read'];
  const limits = values.limits === undefined ? undefined : limitsOf(values.limits);
  const timeout = optionalDuration('--timeout', values.timeout);
  const confined = values.sandbox || read !== undefined || limits !== undefined;
  if (fallback !== null && confined)
    throw new UsageError(`--sandbox and --limits need the process tier, but ${fallback}.`);
  return {
    isolation,
    ...(timeout === undefined ? {} : { timeout }),
    ...(limits === undefined ? {} : { limits }),
    ...(read !== undefined ? { sandbox: { read } } : values.sandbox ? { sandbox: true } : {}),
    ...(isolation === 'process' ? { restart: false } : {}),
  };
}

/** @throws UsageError */
function limitsOf(text: string): NonNullable<LoadOptions['limits']> {
  const pairs = pairsOf('--limits', text, ['memory', 'cpu', 'files']);
  const [memory, cpu, files] = [pairs.get('memory'), pairs.get('cpu'), pairs.get('files')];
  return {
    ...(memory === undefined ? {} : { memory: sizeOf('--limits memory', memory) }),
    ...(cpu === undefined ? {} : { cpu: Number(wholeNumber('--limits cpu', cpu)) }),
    ...(files === undefined ? {} : { files: Number(wholeNumber('--limits files', files)) }),
  };
}

function workOf(settings: Settings): Work {
  const { contained } = settings.tier;
  // A signal ends a contained command like any program. This command must end the plugin's process too.
  return {
    contained,
    run: (io) => (contained ? run(settings, io) : endedBySignals(() => run(settings, io))),
  };
}

async function endedBySignals(work: () => Promise<number>): Promise<number> {
  const end = (signal: NodeJS.Signals) => process.exit(128 + constants.signals[signal]);
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, end);
  try {
    return await work();
  } finally {
    for (const signal of signals) process.off(signal, end);
  }
}

async function run(settings: Settings, io: Io): Promise<number> {
  const bytes = await readInput(settings.input);
  const config = await readConfig(settings.config);
  const { fallback, isolation } = settings.tier;
  if (fallback !== null) tell(io.err, `${fallback}. The plugin runs in the tier '${isolation}'.`);
  const host = new PluginHost(settings.search);
  try {
    const plugin = await host.load(settings.plugin, settings.load);
    for (const stream of ['stdout', 'stderr'] as const)
      plugin.on(stream, (line) => io.err.line(printable(line)));
    host.on('log', ({ level, message }) => io.err.line(`${plugin.name}: ${level}: ${printable(message)}`));
    io.out.write(await callOnce(plugin, settings.method, config, bytes));
    return Exit.fine;
  } finally {
    // The log entries of a call are delivered in the next turn.
    await setImmediate();
    await host.close();
  }
}

async function callOnce(
  plugin: Plugin,
  method: Method,
  config: string | Uint8Array | undefined,
  input: Uint8Array,
): Promise<Buffer> {
  const bind = methodOf(method, plugin.manifest);
  const instance: Instance = await plugin.new(config);
  return await (bind === null ? instance : instance.method(bind.kind, bind.slot)).call(input);
}

async function readInput(input: string): Promise<Uint8Array> {
  if (input === '-') {
    const chunks: Buffer[] = [];
    for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks);
  }
  return input.startsWith('@') ? readNamed('--input', input) : Buffer.from(input);
}

/** Reads the config as the plugin will receive it. A file need not be JSON: it may be that of a crashed instance. */
async function readConfig(config: string | undefined): Promise<string | Uint8Array | undefined> {
  return config?.startsWith('@') ? readNamed('--config', config) : config;
}

/** Reads the content of `@FILE`. */
async function readNamed(option: string, name: string): Promise<Buffer> {
  try {
    return await readFile(name.slice(1));
  } catch (error) {
    throw new UsageError(`${option} cannot be read: ${messageOf(error)}.`, { cause: error });
  }
}

/** `tenon call`: one call of one plugin. */
import { constants } from 'node:os';
import { resolve } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { type LoadOptions, PluginHost } from '../index.js';
import { type Command, Exit, type Work } from './command.js';
import { tell } from './guarded.js';
import type { Io } from './io.js';
import { parseJson } from './json.js';
import { chosenMethod, type Method } from './method.js';
import { callOnce, checkInputs, readConfig, readInputs } from './one-call.js';
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
  json: {
    value: 'JSON',
    about:
      "the input of a typed method as JSON, '@FILE' for the content of a file, '-' for the standard input; the output is JSON too",
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
  usage: ['PLUGIN [METHOD] [OPTION…]'],
  about: [
    'Loads a plugin, makes an instance, calls it once, and writes the bytes of the result, and nothing else, to the standard output. Everything that the plugin logs or prints goes to the standard error output.',
    'PLUGIN is the path of a file, or the name of a plugin in the folders of --path and of the environment variable TENON_PATH.',
    "METHOD is like --method. A method with a name, such as text.find, is typed if the plugin's file describes its kind: it takes an object in --json and returns JSON, and a cursor returns a line of JSON for each item. In JSON, bytes are base64, an integer above 2^53 is a string, and an absent value is null. With --input, a method takes and returns bytes. 'tenon inspect' lists the methods of a plugin.",
    'The plugin runs in a process of its own, unless --isolation says otherwise.',
  ],
  options: OPTIONS,
  operands: 'files',
  exits: '1 the plugin was refused or failed',
  prepare(args) {
    const { values, operands } = parse(OPTIONS, args);
    const [plugin = '', named] = operands;
    if (operands.length > 2)
      throw new UsageError(`call takes a plugin and a method, but ${operands.length} arguments were given.`);
    if (plugin === '') throw new UsageError('a plugin is missing. Name one, or give the path of a file.');
    if (values.config?.startsWith('@') === false) parseJson(values.config, '--config');
    const tier = tierFor(values.isolation);
    const isPath = /[\\/]|\.(so|dll|dylib)$/i.test(plugin);
    const unused = isPath
      ? (['path', 'depth'] as const).find((name) => values[name] !== undefined)
      : undefined;
    if (unused !== undefined)
      throw new UsageError(`--${unused} is for the names of plugins, but '${plugin}' is a path.`);
    const method = chosenMethod(named, values.method);
    checkInputs(method, values);
    const settings: Settings = {
      plugin: isPath ? resolve(plugin) : plugin,
      method,
      config: values.config,
      input: values.input,
      json: values.json,
      search: { paths: values.path ?? [], depth: depthOf(values.depth) },
      tier,
      load: loadOptions(tier, values),
    };
    return workOf(settings);
  },
};

type Values = ReturnType<typeof parse<typeof OPTIONS>>['values'];

interface Settings {
  readonly plugin: string;
  readonly method: Method;
  readonly config: string | undefined;
  readonly input: string | undefined;
  readonly json: string | undefined;
  readonly search: { readonly paths: readonly string[]; readonly depth: number };
  readonly tier: ChosenTier;
  readonly load: LoadOptions;
}

/**
 * Returns the load options. Refuses options that need the process tier if the command fell back to another tier. In
 * all other cases the host refuses them.
 */
function loadOptions({ isolation, fallback }: ChosenTier, values: Values): LoadOptions {
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
  const input = await readInputs(settings);
  const config = await readConfig(settings.config);
  const { fallback, isolation } = settings.tier;
  if (fallback !== null) tell(io.err, `${fallback}. The plugin runs in the tier '${isolation}'.`);
  const host = new PluginHost(settings.search);
  try {
    const plugin = await host.load(settings.plugin, settings.load);
    for (const stream of ['stdout', 'stderr'] as const)
      plugin.on(stream, (line) => io.err.line(printable(line)));
    host.on('log', ({ level, message }) => io.err.line(`${plugin.name}: ${level}: ${printable(message)}`));
    const method = { method: settings.method, inputs: input };
    await callOnce(plugin.manifest, method, () => plugin.new(config), io.out);
    return Exit.fine;
  } finally {
    // The log entries of a call are delivered in the next turn.
    await setImmediate();
    await host.close();
  }
}

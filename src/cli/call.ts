/** `tenon call`: one call of one plugin. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { messageOf } from '../base/errors.js';
import { type Binding, type Instance, type Isolation, PluginHost } from '../index.js';
import { type Command, Exit, isolationOf, parse, UsageError } from './command.js';
import type { Io } from './io.js';
import { printable } from './text.js';

const HELP = `Usage: tenon call FILE [--method M] [--config JSON] [--input TEXT|@FILE|-] [--isolation TIER]

Loads a plugin, makes an instance, calls it once, and writes the result to the standard output, byte
by byte and nothing else. What the plugin logs or prints goes to the standard error output.

  --method M      'something' (the default), or a kind and the number of a slot: 'codec/1#0'
  --config JSON   the config of the instance, or '@FILE' for the content of a file; without it the
                  config is empty
  --input TEXT    the input: a text, '@FILE' for the content of a file, '-' for the standard input;
                  without it the input is empty
  --isolation T   where the plugin runs: 'inline' (the default), 'thread' or 'process'
  --help          print this text

Exit code: 0 fine, 1 the plugin was refused or failed, 2 wrong usage, 4 a fault of tenon itself.
`;

interface Settings {
  readonly file: string;
  readonly bind: (instance: Instance) => Binding | Instance;
  readonly config: string | undefined;
  readonly input: string;
  readonly isolation: Isolation;
}

export const call: Command = {
  summary: 'call a plugin once',
  help: HELP,
  loadsPlugins: true,
  prepare(args) {
    const text = { type: 'string' } as const;
    const options = { method: text, config: text, input: text, isolation: text };
    const { values, positionals } = parse({ args: [...args], options, allowPositionals: true });
    const [file = '', ...others] = positionals;
    if (file === '' || others.length > 0) throw new UsageError('name exactly one file');
    const { method = 'something', config, input = '' } = values;
    if (config?.startsWith('@') === false) checkConfig(config);
    const isolation = isolationOf(values.isolation);
    const settings = { file: resolve(file), bind: binderOf(method), config, input, isolation };
    return (io) => run(settings, io);
  },
};

function checkConfig(config: string): void {
  try {
    JSON.parse(config);
  } catch (error) {
    throw new UsageError(`--config must be JSON: ${messageOf(error)}`);
  }
}

/** As the plugin is to be given it, byte by byte. A file may hold what is no JSON: so did the instance that crashed with it. */
async function readConfig(config: string | undefined): Promise<string | Uint8Array | undefined> {
  return config?.startsWith('@') ? readNamed('--config', config) : config;
}

function binderOf(method: string): Settings['bind'] {
  if (method === 'something') return (instance) => instance;
  const [, kind, slot] = /^([a-z][a-z0-9_-]*\/\d+)#(\d{1,3})$/.exec(method) ?? [];
  if (kind === undefined)
    throw new UsageError(`--method must be 'something' or like 'codec/1#0', not '${method}'`);
  return (instance) => instance.method(kind, Number(slot));
}

async function run({ file, bind, config, input, isolation }: Settings, io: Io): Promise<number> {
  const [bytes, configured] = [await readInput(input), await readConfig(config)];
  const host = new PluginHost();
  try {
    const plugin = await host.load(file, { isolation, restart: false });
    const instance = await plugin.new(configured);
    instance.on('log', ({ level, message }) =>
      io.err.line(`${plugin.name}: ${level}: ${printable(message)}`),
    );
    try {
      io.out.write(await bind(instance).call(bytes));
    } finally {
      // What the plugin logged during the call is delivered in the next turn.
      await setImmediate();
    }
    return Exit.fine;
  } finally {
    await host.close();
  }
}

async function readInput(input: string): Promise<Uint8Array> {
  if (input === '-') {
    const chunks: Buffer[] = [];
    for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks);
  }
  if (!input.startsWith('@')) return Buffer.from(input);
  return readNamed('--input', input);
}

/** The content of `@FILE`. */
async function readNamed(option: string, name: string): Promise<Buffer> {
  try {
    return await readFile(name.slice(1));
  } catch (error) {
    throw new UsageError(`${option} cannot be read: ${messageOf(error)}`);
  }
}

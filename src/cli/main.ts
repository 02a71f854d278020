#!/usr/bin/env node
/** The command `tenon`. */
import { ABI_VERSION, packageVersion } from '../index.js';
import { type Command, UsageError } from './command.js';
import { COMMANDS, guarded } from './commands.js';
import { contain } from './contain.js';
import { type Io, openIo } from './io.js';
import { table } from './text.js';

const argv = process.argv.slice(2);
const [name = ''] = argv;
const io = openIo(1, 2);
process.exitCode = await guarded(Object.hasOwn(COMMANDS, name) ? name : '', io, () => main(argv));

async function main([first, ...args]: readonly string[]): Promise<number> {
  const command = first !== undefined && Object.hasOwn(COMMANDS, first) ? COMMANDS[first] : undefined;
  if (first !== undefined && command !== undefined) return await run(first, command, args);
  if (first === '--help' || first === '-h' || first === 'help') return print(io, overview());
  if (first === '--version' || first === '-V')
    return print(io, `tenon ${packageVersion()}, ABI ${ABI_VERSION}\n`);
  throw new UsageError(first === undefined ? 'name a command' : `there is no command '${first}'`);
}

async function run(first: string, command: Command, args: readonly string[]): Promise<number> {
  if (asksForHelp(args)) return print(io, command.help);
  const work = command.prepare(args);
  return command.loadsPlugins ? await contain([first, ...args], io) : await work(io);
}

/** Not behind `--`, where everything is a file. */
function asksForHelp(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  return (end < 0 ? args : args.slice(0, end)).some((arg) => arg === '--help' || arg === '-h');
}

function print({ out }: Io, text: string): number {
  out.write(text);
  return 0;
}

function overview(): string {
  const rows = Object.entries(COMMANDS).map(([command, { summary }]) => [command, summary]);
  return [
    'Usage: tenon COMMAND [ARGUMENT…]',
    '',
    'A plugin system for Node.js whose plugins are native shared libraries.',
    '',
    ...table(rows, '  '),
    '',
    "'tenon COMMAND --help' explains a command, 'tenon --version' prints the version.",
    '',
  ].join('\n');
}

#!/usr/bin/env node
/** The command `tenon`. */
import { ABI_VERSION } from '../base/abi.js';
import { didYouMean } from '../base/options.js';
import { packageVersion } from '../base/package.js';
import { colorIn } from './color.js';
import type { ListedCommand } from './command.js';
import { COMMANDS } from './commands.js';
import { contain } from './contain.js';
import { guarded } from './guarded.js';
import { helpOf, overview } from './help.js';
import { type Io, openIo } from './io.js';
import { unknownOption } from './options.js';
import { UsageError } from './usage.js';

const argv = process.argv.slice(2);
const io = openIo(1, 2, { color: colorIn(argv) });
process.exitCode = await guarded(commandIn(argv), io, () => main(argv));

/** Returns the name of the command, for the hint to its help. */
function commandIn(args: readonly string[]): string {
  const { rest } = leading(args);
  const [name = ''] = rest;
  return Object.hasOwn(COMMANDS, name) ? name : '';
}

async function main(args: readonly string[]): Promise<number> {
  const { common, rest } = leading(args);
  const [first, ...others] = rest;
  if (first === '--help' || first === '-h') return print(io, overview(COMMANDS, io.out.proseWidth));
  if (first === '--version' || first === '-v' || first === '-V')
    return print(io, `tenon ${packageVersion()}, ABI ${ABI_VERSION}\n`);
  if (first === undefined) throw new UsageError('a command is missing. Give one.');
  if (first.startsWith('-') && first !== '-') throw unknownOption(first, ['color', 'help', 'version']);
  const command = Object.hasOwn(COMMANDS, first) ? COMMANDS[first] : undefined;
  if (command === undefined)
    throw new UsageError(`there is no command '${first}'.${didYouMean(first, Object.keys(COMMANDS))}`);
  return await run(first, command, [...common, ...others]);
}

/** Splits off the options of all commands, which may also precede the name of the command. */
function leading(args: readonly string[]): { common: readonly string[]; rest: readonly string[] } {
  const [first = ''] = args;
  const taken = first === '--color' ? 2 : first.startsWith('--color=') ? 1 : 0;
  return { common: args.slice(0, taken), rest: args.slice(taken) };
}

async function run(name: string, listed: ListedCommand, args: readonly string[]): Promise<number> {
  const command = await listed.load();
  if (asksForHelp(args)) return print(io, helpOf(name, command, io.out.proseWidth));
  const work = command.prepare(args);
  return work.contained ? await contain([name, ...args], io) : await work.run(io);
}

/** Returns whether the arguments request help. Arguments after `--` are files. */
function asksForHelp(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  return (end < 0 ? args : args.slice(0, end)).some((arg) => arg === '--help' || arg === '-h');
}

function print({ out }: Io, text: string): number {
  out.write(text);
  return 0;
}

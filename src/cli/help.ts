/** The help of commands, fitted to the width of the terminal. */
import type { Command, Commands } from './command.js';
import { COMMON, type OptionSpec, type OptionTable } from './options.js';
import { padded, widthOf, wrapped } from './text.js';

/** The maximum width of an option's name before its description. A longer name has it on the next line. */
const NAMES = 22;

/** Returns the output of `tenon help COMMAND`. */
export function helpOf(name: string, { usage, about, options, exits }: Command, width: number): string {
  const forms = usage.map((form, i) => `${i === 0 ? 'Usage:' : '      '} tenon ${name} ${form}`.trimEnd());
  return [
    ...forms,
    ...about.flatMap((text) => ['', wrapped(text, width, '')]),
    ...optionLines({ ...options, ...COMMON }, width),
    '',
    exitText(exits, width),
    '',
  ].join('\n');
}

/** Returns the exit codes. No line break separates a code from its meaning. */
function exitText(exits: string | null, width: number): string {
  const codes = ['0 success', exits, '2 invalid usage', '3 the command could not finish', '4 internal error'];
  const text = codes.filter((code) => code !== null).map((code) => code.replaceAll(' ', '\u00A0'));
  return wrapped(`Exit code: ${text.join(', ')}.`, width, '').replaceAll('\u00A0', ' ');
}

function optionLines(options: OptionTable, width: number): string[] {
  const all = Object.entries(options);
  const groups = [...new Set(all.map(([, { group }]) => group))];
  const names = Math.min(NAMES, Math.max(...all.map(([name, spec]) => widthOf(headOf(name, spec)))));
  return groups.flatMap((group) => [
    '',
    ...(group === undefined ? [] : [group]),
    ...all
      .filter(([, spec]) => spec.group === group)
      .map(([name, spec]) => optionText(headOf(name, spec), aboutOf(spec), names, width)),
  ]);
}

const headOf = (name: string, { value }: OptionSpec) => `--${name}${value === undefined ? '' : ` ${value}`}`;
const aboutOf = ({ about, repeat }: OptionSpec) => (repeat ? `${about}; may be repeated` : about);

function optionText(head: string, about: string, names: number, width: number): string {
  const indent = ' '.repeat(names + 4);
  const text = wrapped(about, width - indent.length, indent);
  if (widthOf(head) > names) return `  ${head}\n${indent}${text}`;
  return `  ${padded(head, names)}  ${text}`;
}

/** Returns the output of `tenon help`. */
export function overview(commands: Commands, width: number): string {
  const all = Object.entries(commands);
  const names = Math.max(...all.map(([name]) => name.length));
  const common: OptionTable = { color: COMMON.color, version: { about: 'print the version' } };
  return [
    'Usage: tenon COMMAND [ARGUMENT…]',
    '',
    wrapped('A plugin system for Node.js whose plugins are native shared libraries.', width, ''),
    '',
    ...all.map(([name, { summary }]) => optionText(name, summary, names, width)),
    ...optionLines(common, width),
    '',
    wrapped(
      "'tenon help COMMAND' explains a command. 'tenon completion SHELL' prints a script for shell completion.",
      width,
      '',
    ),
    '',
  ].join('\n');
}

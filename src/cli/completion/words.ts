/** The words of the command line, in the form that the scripts of all shells need. */
import type { Commands, Operands } from '../command.js';
import { COMMON, type OptionSpec, type OptionTable } from '../options.js';

/** Suggestions: paths, words, or none. */
export type Suggestions = 'files' | 'folders' | 'none' | readonly string[];

export interface OptionWords {
  readonly name: string;
  readonly about: string;
  readonly repeat: boolean;
  /** The value; null for a flag. */
  readonly value: { readonly name: string; readonly suggestions: Suggestions } | null;
}

export interface CommandWords {
  readonly name: string;
  readonly summary: string;
  readonly options: readonly OptionWords[];
  /** The suggestions for arguments. Words apply to the first argument only. */
  readonly operands: Suggestions;
}

export interface Words {
  readonly commands: readonly CommandWords[];
  /** The options before the name of the command. */
  readonly options: readonly OptionWords[];
}

export async function wordsOf(commands: Commands): Promise<Words> {
  const names = Object.keys(commands);
  const { color, help } = COMMON;
  const all = Object.entries(commands).map(async ([name, { summary, load }]) => {
    const { options, operands } = await load();
    const words = optionsOf({ ...options, ...COMMON });
    return { name, summary, options: words, operands: operandsOf(operands, names) };
  });
  return {
    commands: await Promise.all(all),
    options: optionsOf({ color, help, version: { about: 'print the version' } }),
  };
}

function operandsOf(operands: Operands, commands: readonly string[]): Suggestions {
  return operands === 'commands' ? commands : operands;
}

function optionsOf(table: OptionTable): OptionWords[] {
  return Object.entries(table).map(([name, spec]) => ({
    name,
    about: spec.about,
    repeat: spec.repeat === true,
    value: spec.value === undefined ? null : { name: spec.value, suggestions: suggestionsOf(spec) },
  }));
}

function suggestionsOf({ words, hints, path }: OptionSpec): Suggestions {
  if (path !== undefined) return path === 'file' ? 'files' : 'folders';
  return words ?? hints ?? 'none';
}

/** Returns the string in single quotes for bash and zsh. */
export function quotedForShell(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

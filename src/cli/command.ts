/** The types that all commands share. */
import type { Io } from './io.js';
import type { OptionTable } from './options.js';

/** Exit codes. */
export const Exit = {
  fine: 0,
  /** There were findings, or something was refused. */
  refused: 1,
  /** The command line is wrong. */
  usage: 2,
  /** The command could not finish its work. */
  incomplete: 3,
  internal: 4,
} as const;

/** The arguments of a command that are not options, for shells. Words apply to the first argument only. */
export type Operands = 'files' | 'folders' | 'commands' | 'none' | readonly string[];

export interface Command {
  /** The forms of its arguments: `FILE… [OPTION…]`. */
  readonly usage: readonly string[];
  /** The paragraphs of its help. */
  readonly about: readonly string[];
  readonly options: OptionTable;
  readonly operands: Operands;
  /** The meaning of exit code 1; null if the command never exits with 1. */
  readonly exits: string | null;
  /** Checks the arguments. @throws UsageError */
  prepare(args: readonly string[]): Work;
}

/** A command in the list of commands. */
export interface ListedCommand {
  readonly summary: string;
  load(): Promise<Command>;
}

/** All commands by name. */
export type Commands = Readonly<Record<string, ListedCommand>>;

/** The work of a command whose arguments were checked. */
export interface Work {
  /** Whether code of plugins may run in this process. The work then runs in a separate process. */
  readonly contained?: boolean;
  /** Returns the exit code. */
  run(io: Io): number | Promise<number>;
}

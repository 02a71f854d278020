/** The parts that every command has. */
import type { Io } from './io.js';
import type { OptionTable } from './options.js';

/** Exit codes. */
export const Exit = {
  fine: 0,
  /** There were findings, or something was refused. */
  refused: 1,
  /** The command line is wrong. */
  usage: 2,
  /** Something that should have been done could not be done. */
  incomplete: 3,
  internal: 4,
} as const;

/** The arguments of a command that are not options, for shells. Words are for the first one only. */
export type Operands = 'files' | 'folders' | 'commands' | 'none' | readonly string[];

export interface Command {
  /** For the list of commands. */
  readonly summary: string;
  /** The forms of its arguments: `FILE… [OPTION…]`. */
  readonly usage: readonly string[];
  /** Paragraphs that explain it. */
  readonly about: readonly string[];
  readonly options: OptionTable;
  readonly operands: Operands;
  /** The meaning of exit code 1; null if the command never ends with it. */
  readonly exits: string | null;
  /** Checks the arguments. @throws UsageError */
  prepare(args: readonly string[]): Work;
}

/** All commands by name. */
export type Commands = Readonly<Record<string, Command>>;

/** The work of a command whose arguments were checked. */
export interface Work {
  /** True if code of plugins may run in this process. The work is then done in a process of its own. */
  readonly contained?: boolean;
  /** Returns the exit code. */
  run(io: Io): number | Promise<number>;
}

/** What a command is. */
import { type ParseArgsConfig, parseArgs } from 'node:util';
import type { Isolation } from '../index.js';
import type { Io } from './io.js';

/** How a command ends. */
export const Exit = {
  fine: 0,
  /** There were findings, or something was refused. */
  refused: 1,
  /** The command line is wrong. */
  usage: 2,
  /** Something that should have been tried could not be. */
  incomplete: 3,
  /** tenon itself is at fault. */
  fault: 4,
} as const;

export interface Command {
  /** For the list of commands. */
  readonly summary: string;
  /** The whole help text. */
  readonly help: string;
  /** Whether code of plugins runs: then the command runs in a process of its own. */
  readonly loadsPlugins: boolean;
  /** Checks the arguments and returns the work, which gives the exit code. @throws UsageError */
  prepare(args: readonly string[]): (io: Io) => Promise<number>;
}

/** A command line that makes no sense. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** `parseArgs` whose complaints are usage errors. */
export function parse<T extends ParseArgsConfig>(config: T): ReturnType<typeof parseArgs<T>> {
  try {
    return parseArgs(config);
  } catch (error) {
    if (error instanceof TypeError && 'code' in error) throw new UsageError(error.message, { cause: error });
    throw error;
  }
}

/** The value of `--isolation`. @throws UsageError */
export function isolationOf(text = 'inline'): Isolation {
  if (text === 'inline' || text === 'thread' || text === 'process') return text;
  throw new UsageError(`--isolation must be 'inline', 'thread' or 'process', not '${text}'`);
}

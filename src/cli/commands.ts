/** All commands, and how any of them ends. */
import { TenonError } from '../index.js';
import { call } from './call.js';
import { check } from './check.js';
import { type Command, Exit, UsageError } from './command.js';
import { inspect } from './inspect.js';
import type { Io } from './io.js';
import { list } from './list.js';
import { create } from './new.js';
import { paragraph } from './text.js';

export const COMMANDS: Readonly<Record<string, Command>> = { inspect, list, call, check, new: create };

/** Does the work and turns whatever it throws into a message and an exit code. `name` is the command's. */
export async function guarded(name: string, io: Io, work: () => Promise<number>): Promise<number> {
  try {
    return await work();
  } catch (error) {
    return explain(name, io, error);
  }
}

function explain(name: string, { err }: Io, error: unknown): number {
  if (error instanceof UsageError) {
    err.line(`${err.red('tenon:')} ${paragraph(error.message, '').trim()}`);
    err.line(`Try 'tenon ${name === '' ? '' : `${name} `}--help'.`);
    return Exit.usage;
  }
  if (error instanceof TenonError) {
    err.line(`${err.red(`tenon: ${error.code}`)}`);
    err.line(paragraph(error.message, '  '));
    return error.code === 'ERR_TENON_INVALID_ARGUMENT' ? Exit.usage : Exit.refused;
  }
  const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
  err.line(`${err.red('tenon: this is a fault of tenon itself')}. Please report it with the lines below.`);
  err.line(paragraph(what, '  '));
  return Exit.fault;
}

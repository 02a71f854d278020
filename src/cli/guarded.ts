/** Turns exceptions of commands into messages and exit codes. */
import { TenonError } from '../base/errors.js';
import { Exit } from './command.js';
import { type Io, type Output, OutputError } from './io.js';
import { paragraph, wrappedLines } from './text.js';
import { UsageError } from './usage.js';

/** Runs the work and turns an exception into a message and an exit code. `name`: the command, or empty. */
export async function guarded(name: string, io: Io, work: () => number | Promise<number>): Promise<number> {
  try {
    return await work();
  } catch (error) {
    return explain(name, io, error);
  }
}

function explain(name: string, { err }: Io, error: unknown): number {
  if (error instanceof UsageError) {
    tell(err, error.message);
    err.line(`Try 'tenon help${name === '' ? '' : ` ${name}`}'.`);
    return Exit.usage;
  }
  if (error instanceof OutputError) {
    tell(err, error.message);
    return Exit.incomplete;
  }
  if (error instanceof TenonError) {
    tellError(err, error);
    return error.code === 'ERR_TENON_INVALID_ARGUMENT' ? Exit.usage : Exit.refused;
  }
  const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
  err.line(`${err.red('tenon: internal error.')} Please report it with these lines:`);
  err.line(paragraph(what, '  '));
  return Exit.internal;
}

/** Prints a message after the name `tenon:`. */
export function tell(err: Output, message: string): void {
  const [, text = ''] = /^ {7}([\s\S]*)$/.exec(wrappedLines(message, err.columns, '       ')) ?? [];
  err.line(`${err.red('tenon:')} ${text}`);
}

/** Prints an error with its code. */
export function tellError(err: Output, { code, message }: TenonError): void {
  err.line(err.red(`tenon: ${code}`));
  err.line(wrappedLines(message, err.columns, '  '));
}

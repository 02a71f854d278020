/** `tenon check --in-process`: for debuggers. */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { type CheckOptions, ensureChecker, foregroundRun } from '../../check/index.js';
import { Exit } from '../command.js';
import type { Io } from '../io.js';
import { count, printable } from '../text.js';

/** Runs the checker in the foreground. Returns its exit code, or 1 if a signal ended it. */
export async function runInForeground(file: string, options: CheckOptions, { err }: Io): Promise<number> {
  await ensureChecker(options);
  const { program, args, ids } = foregroundRun(file, options);
  err.line(
    `tenon: ${count(ids.length, 'scenario')} in one process: ${printable([program, ...args].join(' '))}`,
  );
  const child = spawn(program, args, { stdio: 'inherit' });
  // The terminal sends the signal to the checker too, and the command waits for the checker to end.
  const ignore = () => undefined;
  process.on('SIGINT', ignore);
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (...how) => resolve(how));
  });
  process.off('SIGINT', ignore);
  if (signal === 'SIGINT') return 128 + constants.signals.SIGINT;
  if (signal !== null || code === null) {
    err.line(`${err.red('tenon:')} the process was ended by ${signal}.`);
    return Exit.refused;
  }
  return Object.values<number>(Exit).includes(code) ? code : Exit.refused;
}

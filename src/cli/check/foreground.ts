/** `tenon check --in-process`: for debuggers. */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { type CheckOptions, ensureChecker, foregroundRun } from '../../check/index.js';
import { Exit } from '../command.js';
import type { Io } from '../io.js';
import { count, printable } from '../text.js';

/** Gives the exit code: that of the checker, or 1 if a signal ended it. */
export async function runInForeground(file: string, options: CheckOptions, { err }: Io): Promise<number> {
  await ensureChecker(options);
  const { program, args, ids } = foregroundRun(file, options);
  err.line(
    `tenon: ${count(ids.length, 'scenario')} in one process: ${printable([program, ...args].join(' '))}`,
  );
  const child = spawn(program, args, { stdio: 'inherit' });
  // The terminal sends it to the checker, too, and that is whose end counts.
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

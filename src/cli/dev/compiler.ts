/** Runs compilers. What they print to their standard error output is shown as it is. */
import { type ChildProcess, spawn } from 'node:child_process';
import { TenonError } from '../../index.js';

/** The end of a program. */
export interface Finished {
  /** Whether it ended with exit code 0. */
  readonly succeeded: boolean;
  /** Its standard output. */
  readonly output: string;
}

/** A program with its arguments. */
export type CommandLine = readonly [program: string, ...args: string[]];

/** Milliseconds that programs have to end after SIGTERM. */
const GRACE_MS = 2000;
const hasGroups = process.platform !== 'win32';

/**
 * Runs a program in a process group of its own. When the signal is aborted, all processes of the group end.
 * @throws TenonError ERR_TENON_UNSUPPORTED if it cannot be started
 */
export function run([program, ...args]: CommandLine, cwd: string, signal: AbortSignal): Promise<Finished> {
  if (signal.aborted) return Promise.resolve({ succeeded: false, output: '' });
  const child = spawn(program, args, { cwd, detached: hasGroups, stdio: ['ignore', 'pipe', 2] });
  const output: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => output.push(chunk));
  const stop = (): void => end(child);
  signal.addEventListener('abort', stop, { once: true });
  return new Promise<Finished>((resolve, reject) => {
    child.on('error', (cause) => reject(notStarted(program, cause)));
    child.on('close', (code) => resolve({ succeeded: code === 0, output: Buffer.concat(output).toString() }));
  }).finally(() => signal.removeEventListener('abort', stop));
}

function end(child: ChildProcess): void {
  kill(child, 'SIGTERM');
  const timer = setTimeout(() => kill(child, 'SIGKILL'), GRACE_MS);
  child.once('close', () => clearTimeout(timer));
}

function kill({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(hasGroups ? -pid : pid, signal);
  } catch {
    // It has ended.
  }
}

function notStarted(program: string, cause: Error): TenonError {
  const message = `Cannot run ${program}: ${cause.message}. Install it, or put it on PATH.`;
  return new TenonError('ERR_TENON_UNSUPPORTED', message, { cause });
}

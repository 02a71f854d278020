/** Runs a command in the process of worker.ts, and reports when a plugin ends that process. */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../base/package.js';
import { Exit } from './command.js';
import type { Io } from './io.js';

const WORKER = join(packageRoot, 'dist', 'cli', 'worker.js');
const GRACE_MS = 500;
const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Runs the command. Returns its exit code. */
export async function contain(argv: readonly string[], io: Io): Promise<number> {
  // The process has the terminal as another descriptor, from which it cannot read the width.
  const env = io.out.isTerminal ? { ...process.env, COLUMNS: String(io.out.columns) } : process.env;
  const child = spawn(process.execPath, [WORKER, ...argv], { env, stdio: ['inherit', 2, 2, 1, 'pipe'] });
  let verdict = '';
  child.stdio[4]?.on('data', (chunk: Buffer) => {
    verdict += chunk.toString();
  });
  const forward = (signal: NodeJS.Signals): void => {
    child.kill(signal);
  };
  for (const signal of FORWARDED) process.on(signal, forward);
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (...how) => resolve(how));
    // A process that the plugin forked can keep the pipe open forever. By then all output has arrived.
    child.on('exit', (...how) => setTimeout(resolve, GRACE_MS, how).unref());
  });
  for (const name of FORWARDED) process.off(name, forward);
  child.stdio[4]?.destroy();
  if (signal !== null && FORWARDED.some((name) => name === signal)) return 128 + constants.signals[signal];
  if (signal === null && verdict !== '' && Number(verdict) === code) return code;
  const how = signal ?? `exit code ${code}`;
  const when = verdict === '' ? 'in the middle of the command' : 'after the command was done';
  io.err.line(`${io.err.red('tenon:')} the plugin's code ended its process with ${how}, ${when}.`);
  return Exit.refused;
}

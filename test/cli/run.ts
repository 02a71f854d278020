/** Runs the built command `tenon` in its own process. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../support/index.js';

export const main = join(root, 'dist', 'cli', 'main.js');

/** The variables that a CI job or a test runner may set, all cleared. */
export const ENV = { CI: '', GITHUB_ACTIONS: '', NO_COLOR: '' };

/** The exit code or signal of the command, and its output. */
export interface Run {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The standard output as bytes, because results are binary. */
  readonly out: Buffer;
  readonly stdout: string;
  readonly stderr: string;
}

export function tenon(
  args: readonly string[],
  options: { input?: string | Buffer; env?: Record<string, string>; cwd?: string } = {},
): Promise<Run> {
  if (!existsSync(main)) throw new Error(`${main} is missing: npm run build`);
  const env = { ...process.env, FORCE_COLOR: undefined, TENON_PATH: '', TENON_STATE_DIR: '', ...options.env };
  const child = spawn(process.execPath, [main, ...args], { env, cwd: options.cwd ?? root });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  child.stdin.end(options.input ?? '');
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      const bytes = Buffer.concat(out);
      resolve({ code, signal, out: bytes, stdout: bytes.toString(), stderr: Buffer.concat(err).toString() });
    });
  });
}

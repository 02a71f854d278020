/** Runs commands. */
import { spawn } from 'node:child_process';
import { root } from './paths.mjs';

/**
 * Runs a command to its end. A nonzero exit code is a result, not an exception.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{cwd?: string, env?: NodeJS.ProcessEnv, echo?: boolean, input?: string}} [options] `echo`: prints the
 *   output immediately and does not capture it. `input`: the standard input; default: empty.
 * @returns {Promise<{code: number | null, signal: string | null, ok: boolean, output: string}>} `output`: the
 *   output of both streams
 * @throws if the command cannot be started at all
 */
export function run(command, args, { cwd = root, env = process.env, echo = false, input } = {}) {
  return new Promise((resolve, reject) => {
    const output = echo ? 'inherit' : 'pipe';
    const stdin = input === undefined ? 'ignore' : 'pipe';
    const child = spawn(command, args, { cwd, env, stdio: [stdin, output, output], windowsHide: true });
    const chunks = [];
    child.stdout?.on('data', (chunk) => chunks.push(chunk));
    child.stderr?.on('data', (chunk) => chunks.push(chunk));
    child.once('error', (error) =>
      reject(new Error(`Cannot run ${command}: ${error.message}`, { cause: error })),
    );
    child.once('close', (code, signal) => {
      resolve({ code, signal, ok: code === 0, output: Buffer.concat(chunks).toString() });
    });
    // A command may end before it has read its input. Its exit code says whether it failed.
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
  });
}

/** Runs a Node.js program with the Node.js of this process. */
export const runNode = (args, options) => run(process.execPath, args, options);

/** Runs npm: the one that started this script, or otherwise the one in the PATH. */
export function runNpm(args, options) {
  const npm = process.env.npm_execpath;
  if (npm !== undefined && /npm-cli\.[cm]?js$/.test(npm)) return runNode([npm, ...args], options);
  // On Windows npm is a shell script. The arguments come from these scripts and need no quotes.
  return process.platform === 'win32'
    ? run('cmd', ['/c', 'npm', ...args], options)
    : run('npm', args, options);
}

/** Describes the end of a command: its exit code or signal. */
export function outcome({ code, signal }) {
  return signal === null ? `exit code ${code}` : `ended by ${signal}`;
}

/** Returns the last lines of a command's output. */
export function tail(output, lines = 40) {
  const all = output.trimEnd().split('\n');
  return all.length <= lines
    ? all.join('\n')
    : [`(${all.length - lines} lines before)`, ...all.slice(-lines)].join('\n');
}

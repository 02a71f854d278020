/** Runs the built command on a pseudo terminal of a certain width. */
import { spawn, spawnSync } from 'node:child_process';
import { widthOf } from '../../src/cli/text.js';
import { ENV, main } from './run.js';

/** util-linux's `script`, whose options macOS does not have. */
export const hasScript = process.platform === 'linux' && spawnSync('script', ['--version']).status === 0;

export interface TerminalOptions {
  readonly columns?: number;
  readonly env?: Record<string, string>;
  readonly cwd?: string;
}

/** All that the command wrote: standard output and error output are the same terminal. */
export function onTerminal(args: readonly string[], options: TerminalOptions = {}): Promise<string> {
  const { columns = 80, env = {}, cwd } = options;
  const quoted = [process.execPath, main, ...args].map((arg) => `'${arg.replaceAll("'", `'\\''`)}'`);
  const command = `stty columns ${columns} rows 50; ${quoted.join(' ')}`;
  const child = spawn('script', ['-qec', command, '/dev/null'], {
    env: { ...process.env, ...ENV, FORCE_COLOR: undefined, TERM: 'xterm', COLUMNS: undefined, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
    cwd,
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', () => resolve(text));
  });
}

/** The lines as they are shown, without colors; what a progress line was before the next one counts as a line. */
export function shownLines(text: string): string[] {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what colors are.
  return text.replaceAll(/\u001B\[[0-9;]*[A-Za-z]/g, '').split(/\r?\n|\r/);
}

/** The lines that a terminal of that width would wrap. */
export function tooWide(text: string, columns: number): string[] {
  return shownLines(text).filter((line) => widthOf(line) > columns);
}

/** Runs the built command on a pseudo-terminal of a given width. */
import { spawn, spawnSync } from 'node:child_process';
import { widthOf } from '../../src/cli/text.js';
import { ENV, main } from './run.js';

/** Whether the program `script` of util-linux is installed. The one of macOS has other options. */
export const hasScript = process.platform === 'linux' && spawnSync('script', ['--version']).status === 0;

export interface TerminalOptions {
  readonly columns?: number;
  readonly env?: Record<string, string>;
  readonly cwd?: string;
}

/** Runs the command and returns its standard output and standard error, which are the same terminal. */
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

/** Returns the printed lines without colors. Each version of a progress line is a separate line. */
export function shownLines(text: string): string[] {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the text contains color sequences.
  return text.replaceAll(/\u001B\[[0-9;]*[A-Za-z]/g, '').split(/\r?\n|\r/);
}

/** Returns the lines that a terminal of the given width would wrap. */
export function tooWide(text: string, columns: number): string[] {
  return shownLines(text).filter((line) => widthOf(line) > columns);
}

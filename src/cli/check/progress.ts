/** How far the suite is, on one line of the terminal that is written again and again. */
import type { CheckProgress } from '../../check/index.js';
import type { Output } from '../io.js';
import { printable } from '../text.js';

const BAR = 24;
const NAME = 40;

/** Nothing where nobody watches: no terminal, or a terminal of a CI job. */
export class ProgressLine {
  readonly #output: Output | null;

  constructor(output: Output, env: NodeJS.ProcessEnv = process.env) {
    this.#output = output.isTerminal && env.TERM !== 'dumb' && !env.CI ? output : null;
  }

  show({ path, id, done, total }: CheckProgress): void {
    const full = Math.round((BAR * done) / Math.max(1, total));
    const bar = '#'.repeat(full) + '.'.repeat(BAR - full);
    const shown = printable(path);
    const name = shown.length > NAME ? `…${shown.slice(1 - NAME)}` : shown;
    this.#output?.write(`\r[${bar}] ${done}/${total} ${name} ${id}\u001B[K`);
  }

  clear(): void {
    this.#output?.write('\r\u001B[K');
  }
}

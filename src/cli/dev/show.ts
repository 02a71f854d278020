/** Prints the events of `tenon dev`, one per line. On a screen, each build begins with an empty screen. */
import { quoted } from '../../base/shell.js';
import type { Io } from '../io.js';
import { count, duration, padded, printable, wrappedLines } from '../text.js';

/** The columns of the name of an event. */
const NAME = 8;
const INDENT = ' '.repeat(NAME);

export class Show {
  readonly #io: Io;
  readonly #title: string;

  constructor(io: Io, title: string) {
    this.#io = io;
    this.#title = title;
  }

  /** Begins a build. `changed`: the files that changed; none at the start. */
  begin(changed: readonly string[]): void {
    const { out } = this.#io;
    if (out.isScreen) {
      out.write('\u001B[H\u001B[2J\u001B[3J');
      out.line(out.bold(`tenon dev: ${printable(this.#title)}`));
    } else if (changed.length === 0) this.event('build', this.#title);
    const [first = '', ...others] = changed;
    if (changed.length > 0)
      this.event('changed', others.length === 0 ? quoted([first]) : count(changed.length, 'file'));
  }

  event(name: string, text: string): void {
    const { out } = this.#io;
    out.line(`${out.dim(padded(name, NAME))}${wrappedLines(text, out.columns, INDENT).trimStart()}`);
  }

  problem(name: string, text: string): void {
    const { out } = this.#io;
    out.line(`${out.red(padded(name, NAME))}${wrappedLines(text, out.columns, INDENT).trimStart()}`);
  }

  /** Prints lines below an event. */
  lines(lines: readonly string[]): void {
    for (const line of lines) this.#io.out.line(INDENT + line);
  }

  /** Prints what the plugin prints or logs. */
  plugin(line: string): void {
    this.#io.err.line(printable(line));
  }

  waiting(): void {
    this.event('waiting', 'for changes of the sources; Ctrl-C ends');
  }
}

/** Returns a time for people. */
export const shownTime = (ms: number): string => duration(ms);

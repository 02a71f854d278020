/** The progress of the suite, on one line of the terminal that is overwritten. */
import type { CheckProgress } from '../../check/index.js';
import type { Output } from '../io.js';
import { printable, shortened, widthOf } from '../text.js';

/** The columns of the bar: `wide` for terminals of at least `from` columns, otherwise `narrow`. */
const BAR = { wide: 24, narrow: 8, from: 80 };
const LEAST_NAME = 12;

/** The progress line. It prints nothing where lines cannot be overwritten. */
export class ProgressLine {
  readonly #output: Output | null;

  constructor(output: Output) {
    this.#output = output.isScreen ? output : null;
  }

  show(progress: CheckProgress): void {
    // The cursor is one column after the last character, so a line as wide as the terminal would wrap.
    this.#output?.write(`\r${progressText(progress, this.#output.columns - 1)}\u001B[K`);
  }

  clear(): void {
    this.#output?.write('\r\u001B[K');
  }
}

/** Returns bar, numbers, file and check in at most `width` columns. The name of the file is shortened first. */
export function progressText({ path, id, done, total }: CheckProgress, width: number): string {
  const size = width >= BAR.from - 1 ? BAR.wide : BAR.narrow;
  const full = Math.round((size * done) / Math.max(1, total));
  const head = `[${'#'.repeat(full)}${'.'.repeat(size - full)}] ${done}/${total}`;
  const name = printable(path);
  const room = width - widthOf(head) - widthOf(id) - 2;
  if (room >= Math.min(LEAST_NAME, widthOf(name))) return `${head} ${shortened(name, room, 'start')} ${id}`;
  return shortened(`${head} ${id}`, width);
}

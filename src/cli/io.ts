/** The outputs of the command. */
import { writeSync } from 'node:fs';
import { isatty } from 'node:tty';

/** The outputs of a command. Writes are synchronous, so no written output is lost when the process ends. */
export interface Io {
  /** The output for results, and nothing else. */
  readonly out: Output;
  /** The output for messages to a person. */
  readonly err: Output;
}

/** The values of --color. */
export const COLORS = ['auto', 'always', 'never'] as const;
export type ColorChoice = (typeof COLORS)[number];

export interface IoOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly color?: ColorChoice;
}

/** Opens the outputs. Results that cannot be written end the command. Messages that cannot be written are dropped. */
export function openIo(out: number, err: number, options: IoOptions = {}): Io {
  return { out: new Output(out, options), err: new Output(err, { ...options, lenient: true }) };
}

/** Thrown if the results cannot be written, for example because the disk is full. */
export class OutputError extends Error {
  override readonly name = 'OutputError';
}

const WAIT_MS = 2;
const waiting = new Int32Array(new SharedArrayBuffer(4));

/** The width of prose in columns: `usual` if the width of the output is unknown, `most` for readability. */
const PROSE = { usual: 80, most: 100 };

/** An output file descriptor. If the reader has gone (`| head`), the rest is dropped without an error. */
export class Output {
  readonly #fd: number;
  readonly #env: NodeJS.ProcessEnv;
  readonly #lenient: boolean;
  readonly isTerminal: boolean;
  /** Whether lines can be overwritten: the output is a terminal that moves its cursor, and not that of a CI job. */
  readonly isScreen: boolean;
  /** Whether the output has colors. */
  readonly color: boolean;
  #open = true;

  constructor(
    fd: number,
    { env = process.env, color = 'auto', lenient = false }: IoOptions & { lenient?: boolean } = {},
  ) {
    this.#fd = fd;
    this.#env = env;
    this.#lenient = lenient;
    this.isTerminal = isatty(fd);
    this.isScreen = this.isTerminal && env.TERM !== 'dumb' && !env.CI;
    this.color = hasColor(this.isTerminal, env, color);
  }

  /** False if the reader has gone, or if the results could not be written. */
  get isOpen(): boolean {
    return this.#open;
  }

  /** The current number of columns of the terminal; Infinity if the output is not a terminal. */
  get columns(): number {
    if (!this.isTerminal) return Number.POSITIVE_INFINITY;
    const stated = Number(this.#env.COLUMNS);
    if (Number.isInteger(stated) && stated > 0) return stated;
    const stream = this.#fd === 1 ? process.stdout : this.#fd === 2 ? process.stderr : undefined;
    return stream?.columns || PROSE.usual;
  }

  /** The width of prose in columns. */
  get proseWidth(): number {
    return this.isTerminal ? Math.min(this.columns, PROSE.most) : PROSE.usual;
  }

  /** Writes all of the data. @throws OutputError, unless the output is lenient */
  write(data: string | Uint8Array): void {
    let rest = typeof data === 'string' ? Buffer.from(data) : data;
    while (this.#open && rest.length > 0) rest = rest.subarray(this.#writeSome(rest));
  }

  line(text = ''): void {
    this.write(`${text}\n`);
  }

  bold(text: string): string {
    return this.#styled('1', text);
  }

  red(text: string): string {
    return this.#styled('31', text);
  }

  yellow(text: string): string {
    return this.#styled('33', text);
  }

  dim(text: string): string {
    return this.#styled('2', text);
  }

  #styled(style: string, text: string): string {
    return this.color ? `\u001B[${style}m${text}\u001B[0m` : text;
  }

  #writeSome(bytes: Uint8Array): number {
    try {
      return writeSync(this.#fd, bytes);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      // The pipe is full, and another process made it non-blocking.
      if (code === 'EAGAIN') {
        Atomics.wait(waiting, 0, 0, WAIT_MS);
        return 0;
      }
      this.#open = false;
      if (this.#lenient || code === 'EPIPE' || code === 'EOF') return 0;
      throw new OutputError(`the results cannot be written: ${message}. Check the disk and the output.`, {
        cause: error,
      });
    }
  }
}

/** Returns whether the output has colors. The option takes precedence, then FORCE_COLOR, NO_COLOR and the terminal. */
function hasColor(isTerminal: boolean, env: NodeJS.ProcessEnv, choice: ColorChoice): boolean {
  if (choice !== 'auto') return choice === 'always';
  const { FORCE_COLOR: forced } = env;
  if (forced !== undefined) return forced !== '0' && forced !== 'false';
  return isTerminal && !env.NO_COLOR && env.TERM !== 'dumb';
}

/** The outputs of the command. */
import { writeSync } from 'node:fs';
import { isatty } from 'node:tty';

/** The ends of a command. Writing is synchronous: what was written is out, however the process ends afterwards. */
export interface Io {
  /** Results, and nothing else. */
  readonly out: Output;
  /** Everything for the eyes of a person while results go elsewhere. */
  readonly err: Output;
}

/** When text has colors. */
export const COLORS = ['auto', 'always', 'never'] as const;
export type ColorChoice = (typeof COLORS)[number];

export interface IoOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly color?: ColorChoice;
}

/** Results that cannot be written end the command; messages for people that cannot be written are dropped. */
export function openIo(out: number, err: number, options: IoOptions = {}): Io {
  return { out: new Output(out, options), err: new Output(err, { ...options, lenient: true }) };
}

/** The results could not be written: the disk is full, for example. */
export class OutputError extends Error {
  override readonly name = 'OutputError';
}

const WAIT_MS = 2;
const waiting = new Int32Array(new SharedArrayBuffer(4));

/** The width of prose where nobody knows how wide it is shown, and the most that is easy to read. */
const PROSE = { usual: 80, most: 100 };

/** A file descriptor to write to. A reader that went away (`| head`) is not an error: the rest is dropped. */
export class Output {
  readonly #fd: number;
  readonly #env: NodeJS.ProcessEnv;
  readonly #lenient: boolean;
  readonly isTerminal: boolean;
  /** Text may have colors. */
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
    this.color = hasColor(this.isTerminal, env, color);
  }

  /** False when the reader went away, or the results could not be written. */
  get isOpen(): boolean {
    return this.#open;
  }

  /** The columns of the terminal at present; Infinity where the output is not a terminal. */
  get columns(): number {
    if (!this.isTerminal) return Number.POSITIVE_INFINITY;
    const stated = Number(this.#env.COLUMNS);
    if (Number.isInteger(stated) && stated > 0) return stated;
    const stream = this.#fd === 1 ? process.stdout : this.#fd === 2 ? process.stderr : undefined;
    return stream?.columns || PROSE.usual;
  }

  /** The width for prose. */
  get proseWidth(): number {
    return this.isTerminal ? Math.min(this.columns, PROSE.most) : PROSE.usual;
  }

  /** @throws OutputError, unless it is lenient */
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
      // A pipe that another process made non-blocking, and that is full.
      if (code === 'EAGAIN') {
        Atomics.wait(waiting, 0, 0, WAIT_MS);
        return 0;
      }
      this.#open = false;
      if (this.#lenient || code === 'EPIPE' || code === 'EOF') return 0;
      throw new OutputError(`the results cannot be written: ${message}`, { cause: error });
    }
  }
}

/** The option counts most, then FORCE_COLOR, then NO_COLOR, then whether the output is a terminal. */
function hasColor(isTerminal: boolean, env: NodeJS.ProcessEnv, choice: ColorChoice): boolean {
  if (choice !== 'auto') return choice === 'always';
  const { FORCE_COLOR: forced } = env;
  if (forced !== undefined) return forced !== '0' && forced !== 'false';
  return isTerminal && !env.NO_COLOR && env.TERM !== 'dumb';
}

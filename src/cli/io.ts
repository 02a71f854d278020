/** Where the command writes to. */
import { writeSync } from 'node:fs';
import { isatty } from 'node:tty';

/** The ends of a command. Writing is synchronous: what was written is out, however the process ends afterwards. */
export interface Io {
  /** Results, and nothing else. */
  readonly out: Output;
  /** Everything for the eyes of a person while results go elsewhere. */
  readonly err: Output;
}

export function openIo(out: number, err: number, env: NodeJS.ProcessEnv = process.env): Io {
  return { out: new Output(out, env), err: new Output(err, env) };
}

const WAIT_MS = 2;
const waiting = new Int32Array(new SharedArrayBuffer(4));

/** A file descriptor to write to. A reader that went away (`| head`) is no error: the rest is dropped. */
export class Output {
  readonly #fd: number;
  readonly isTerminal: boolean;
  /** Whether text may have colors. */
  readonly color: boolean;
  #open = true;

  constructor(fd: number, env: NodeJS.ProcessEnv) {
    this.#fd = fd;
    this.isTerminal = isatty(fd);
    this.color = this.isTerminal && !env.NO_COLOR && env.TERM !== 'dumb';
  }

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
      const { code } = error as NodeJS.ErrnoException;
      // A pipe that another process made non-blocking, and that is full.
      if (code === 'EAGAIN') Atomics.wait(waiting, 0, 0, WAIT_MS);
      else if (code === 'EPIPE' || code === 'EOF') this.#open = false;
      else throw error;
      return 0;
    }
  }
}

/**
 * The parts of encoding and decoding that all types share. A type has a {@link Coder}, which works in steps. First
 * it reads the value of the user once, which may run any code (`take`). Then it checks and measures what it has read
 * (`extend`), and writes it. So nothing is written before everything is known to fit.
 */
import { invalidArgument } from '../base/errors.js';

/** The largest message: places in it are 32-bit numbers. */
export const MAX_MESSAGE = 2 ** 32 - 1;

/** Converts the values of one type between JavaScript and bytes. */
export interface Coder {
  /** The size of the fixed part in bytes. */
  readonly size: number;
  readonly align: number;
  /** Whether values have spans. */
  readonly spans: boolean;
  /** Reads a value of the user and checks it. Returns what the other functions work on. */
  take(value: unknown, path: Path): unknown;
  /** Checks the memory of what was read, and returns where its spans end if they begin at `end`. Runs no code of the user. */
  extend(taken: unknown, end: number, path: Path): number;
  /** Writes the fixed part at `at`, and the spans at the end of the message. The memory is zero before. */
  write(taken: unknown, out: MessageOutput, at: number): void;
  /** Reads and checks the value whose fixed part is at `at`. The fixed part is inside the message. */
  read(input: MessageInput, at: number): unknown;
}

/** The place of a value in the argument or result of a method, for messages: `find.hits[3].at`. */
export class Path {
  readonly #root: string | (() => string);
  readonly #steps: (string | number)[] = [];

  constructor(root: string | (() => string)) {
    this.#root = root;
  }

  push(step: string | number): void {
    this.#steps.push(step);
  }

  pop(): void {
    this.#steps.pop();
  }

  toString(): string {
    let path = typeof this.#root === 'string' ? this.#root : this.#root();
    for (const step of this.#steps)
      path += typeof step === 'number' ? `[${step}]` : path === '' ? step : `.${step}`;
    return path === '' ? 'input' : path;
  }
}

/** A message that is written. */
export interface MessageOutput {
  readonly memory: Buffer;
  readonly view: DataView;
  /** The end of the spans that were written. */
  end: number;
}

/** A message that is read. */
export class MessageInput {
  readonly memory: Buffer;
  readonly view: DataView;
  readonly path: Path;
  /** The end of the spans that were read. */
  end: number;
  readonly #refuse: (problem: string) => never;

  /** `refuse` throws the error for a message that breaks the encoding. */
  constructor(memory: Buffer, fixed: number, path: Path, refuse: (problem: string) => never) {
    this.memory = memory;
    this.view = new DataView(memory.buffer, memory.byteOffset, memory.length);
    this.end = fixed;
    this.path = path;
    this.#refuse = refuse;
  }

  u32(at: number): number {
    return this.view.getUint32(at, true);
  }

  /**
   * Reads the span at `at` and returns where its elements begin. `size` is that of an element.
   */
  span(at: number, size: number, align: number): number {
    const start = this.u32(at);
    const length = this.u32(at + 4);
    if (length === 0) {
      if (start !== 0) this.malformed(`is an empty span at ${start}, expected 0`);
      return 0;
    }
    if (start % align !== 0) this.malformed(`begins at byte ${start}, which is not a multiple of ${align}`);
    if (start < this.end)
      this.malformed(`begins at byte ${start}, before the end of the part before it, ${this.end}`);
    const end = start + length * size;
    if (end > this.memory.length)
      this.malformed(`ends at byte ${end}, but the message has ${this.memory.length} bytes`);
    this.end = end;
    return start;
  }

  /** Throws the error for the value that is being read. */
  malformed(problem: string): never {
    return this.#refuse(`${this.path} ${problem}`);
  }
}

/** Writes a span. */
export function writeSpan(out: MessageOutput, at: number, start: number, length: number): void {
  out.view.setUint32(at, length === 0 ? 0 : start, true);
  out.view.setUint32(at + 4, length, true);
}

/** Returns the end of a span of `bytes` bytes that begins at the next aligned place after `end`. */
export function extended(path: Path, end: number, align: number, bytes: number): number {
  if (bytes === 0) return end;
  const next = roundUp(end, align) + bytes;
  if (next <= MAX_MESSAGE) return next;
  throw invalidArgument(
    path.toString(),
    `makes a message of more than ${MAX_MESSAGE} bytes, which is the limit of one call`,
    ' Send it in pieces.',
  );
}

export function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple;
}

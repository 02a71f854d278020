/** The standard streams of a runner: lines for listeners, and the end of the output for the report. */
import { StringDecoder } from 'node:string_decoder';
import type { Earlier } from './captured-output.js';
import { guarded } from './channel.js';
import { type OutputStream, readAll } from './file.js';

/** The number of bytes that are kept from the end of each stream. */
const KEPT = 16 * 1024;
/** The maximum length of a line. A longer line is delivered in pieces. */
const LONGEST_LINE = 64 * 1024;
/** The number of lines that are delivered in one turn of the event loop, so that a flood does not delay others. */
const LINES_PER_TURN = 400;
/** The number of lines that are delivered together with the end of the process. Further ones follow it. */
const LINES_AT_END = 20_000;
/** The bounds of what waits for delivery. Beyond them the oldest output is dropped. */
const MOST_LINES = 256 * 1024;
const MOST_BYTES = 32 << 20;

const LF = 10;

/** Receives the lines of a stream. */
export interface OutputListener {
  line(line: string): void;
  /** Returns whether a listener waits for lines. Otherwise they are not made. */
  wanted(): boolean;
  /** Called when that many bytes are missing before the next line. */
  lost(bytes: number): void;
  /** Returns what other code has read from the stream before the data that can be read now. */
  earlier(): Earlier | null;
}

/** One standard stream of a runner. */
export class ProcessOutput {
  readonly #stream: OutputStream;
  readonly #listener: OutputListener;
  readonly #waiting = new WaitingOutput();
  #lines = new LineReader();
  #delivering = false;
  #scheduled = false;
  #closed = false;
  #tail = Buffer.alloc(0);

  constructor(stream: OutputStream, listener: OutputListener) {
    this.#stream = stream;
    this.#listener = listener;
    stream.on('data', (chunk: Buffer) => {
      this.catchUp();
      this.#push(chunk);
    });
    stream.on('error', () => undefined);
    stream.unref();
  }

  /** The end of the output, as text. */
  get tail(): string {
    const { length } = this.#tail;
    // Do not begin in the middle of a character.
    let start = 0;
    while (length === KEPT && start < 4 && ((this.#tail[start] ?? 0) & 0xc0) === 0x80) start++;
    return this.#tail.toString('utf8', start);
  }

  /** Delivers what other code has read. */
  catchUp(): void {
    const earlier = this.#listener.earlier();
    if (earlier === null) return;
    if (earlier.lost > 0) this.#drop(earlier.lost);
    this.#push(earlier.bytes);
  }

  /**
   * Reads the available data without waiting for the event loop. In a synchronous call, this is the only way
   * to get the output of a process that has ended.
   */
  drain(): void {
    this.catchUp();
    readAll(this.#stream, (chunk) => this.#push(Buffer.from(chunk)));
  }

  /** Closes the stream. The last line is delivered even without a line break. */
  close(): void {
    this.drain();
    this.#stream.destroy();
    this.#closed = true;
    this.#deliver(LINES_AT_END);
  }

  #push(chunk: Buffer): void {
    this.#tail = Buffer.from(Buffer.concat([this.#tail, chunk.subarray(-KEPT)]).subarray(-KEPT));
    if (!this.#listener.wanted()) {
      this.#waiting.clear();
      this.#lines.skip(chunk);
      return;
    }
    this.#waiting.add(chunk);
    const lost = this.#waiting.shrink(MOST_LINES, MOST_BYTES);
    if (lost > 0) this.#drop(lost);
    if (!this.#scheduled) this.#deliver(LINES_PER_TURN);
  }

  #drop(bytes: number): void {
    if (!this.#listener.wanted()) return;
    this.#endLine();
    this.#listener.lost(bytes);
  }

  /** Delivers up to so many lines now, in order even if a listener causes more output, and the others later. */
  #deliver(most: number): void {
    if (this.#delivering) return;
    this.#delivering = true;
    let left = most;
    for (let piece = this.#waiting.take(left); piece !== null; piece = this.#waiting.take(left)) {
      left -= this.#lines.read(piece, (line) => this.#tell(line));
      if (left <= 0) break;
    }
    this.#delivering = false;
    if (!this.#waiting.isEmpty) this.#deliverLater();
    else if (this.#closed) this.#endLine();
  }

  #deliverLater(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#deliver(LINES_PER_TURN);
    });
  }

  #endLine(): void {
    const last = this.#lines.end();
    if (last !== '') this.#tell(last);
  }

  #tell(line: string): void {
    guarded(() => this.#listener.line(line));
  }
}

/** Turns bytes into lines. */
class LineReader {
  #decoder = new StringDecoder('utf8');
  #line = '';

  /** Passes each line to `tell`. Returns the number of lines. */
  read(bytes: Buffer, tell: (line: string) => void): number {
    const lines = (this.#line + this.#decoder.write(bytes)).split('\n');
    this.#line = lines.pop() ?? '';
    while (this.#line.length > LONGEST_LINE) {
      lines.push(this.#line.slice(0, LONGEST_LINE));
      this.#line = this.#line.slice(LONGEST_LINE);
    }
    for (const line of lines) tell(line.endsWith('\r') ? line.slice(0, -1) : line);
    return lines.length;
  }

  /** Passes over bytes without a listener. Keeps the beginning of a line, which may be wanted later. */
  skip(bytes: Buffer): void {
    const last = bytes.lastIndexOf(LF);
    if (last >= 0) this.end();
    const rest = bytes.subarray(Math.max(last + 1, bytes.length - LONGEST_LINE));
    this.#line = (this.#line + this.#decoder.write(rest)).slice(-LONGEST_LINE);
  }

  /** Returns the last line, which has no end. */
  end(): string {
    const last = this.#line + this.#decoder.end();
    this.#line = '';
    return last;
  }
}

/** Output that waits to be made into lines: bytes, which cost less than lines, and the number of lines in them. */
class WaitingOutput {
  #chunks: { bytes: Buffer; lines: number }[] = [];
  #lines = 0;
  #bytes = 0;

  get isEmpty(): boolean {
    return this.#chunks.length === 0;
  }

  add(bytes: Buffer): void {
    for (let from = 0; from < bytes.length; from += LONGEST_LINE) {
      const piece = bytes.subarray(from, from + LONGEST_LINE);
      const lines = linesIn(piece);
      this.#chunks.push({ bytes: piece, lines });
      this.#lines += lines;
      this.#bytes += piece.length;
    }
  }

  /** Takes the next bytes with at most so many lines. Returns null if there are none. */
  take(most: number): Buffer | null {
    const [first] = this.#chunks;
    if (first === undefined) return null;
    const end = first.lines <= most ? first.bytes.length : endOfLine(first.bytes, most);
    const taken = first.bytes.subarray(0, end);
    const lines = Math.min(first.lines, most);
    first.bytes = first.bytes.subarray(end);
    first.lines -= lines;
    this.#lines -= lines;
    this.#bytes -= taken.length;
    if (first.bytes.length === 0) this.#chunks.shift();
    return taken;
  }

  /** Drops the oldest output beyond the bounds. Returns the number of bytes. */
  shrink(lines: number, bytes: number): number {
    const before = this.#bytes;
    while (this.#bytes > bytes) this.take(Number.POSITIVE_INFINITY);
    while (this.#lines > lines) this.take(this.#lines - lines);
    return before - this.#bytes;
  }

  clear(): void {
    this.#chunks = [];
    this.#lines = this.#bytes = 0;
  }
}

function linesIn(bytes: Buffer): number {
  let count = 0;
  for (let i = 0; i < bytes.length; i++) if (bytes[i] === LF) count += 1;
  return count;
}

/** Returns the position after so many lines. */
function endOfLine(bytes: Buffer, lines: number): number {
  let end = 0;
  for (let i = 0; i < lines; i++) end = bytes.indexOf(LF, end) + 1;
  return end;
}

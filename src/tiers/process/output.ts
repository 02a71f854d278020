/** The standard streams of a runner: lines for listeners, and the end of the output for the report. */
import type { Socket } from 'node:net';
import { StringDecoder } from 'node:string_decoder';
import type { Earlier } from './captured-output.js';
import { guarded } from './channel.js';
import { readAll } from './file.js';

/** The number of bytes that are kept from the end of each stream. */
const KEPT = 16 * 1024;
/** The maximum length of a line. A longer line is delivered in pieces. */
const LONGEST_LINE = 64 * 1024;

/** Receives the lines of a stream. */
export interface OutputListener {
  line(line: string): void;
  /** Called when that many bytes are missing before the next line. */
  lost(bytes: number): void;
  /** Returns what other code has read from the stream before the data that can be read now. */
  earlier(): Earlier | null;
}

/** One standard stream of a runner. */
export class ProcessOutput {
  readonly #stream: Socket;
  readonly #listener: OutputListener;
  readonly #decoder = new StringDecoder('utf8');
  readonly #undelivered: string[] = [];
  #delivering = false;
  #tail = Buffer.alloc(0);
  #line = '';

  constructor(stream: Socket, listener: OutputListener) {
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
    if (earlier.lost > 0) {
      this.#endLine();
      this.#listener.lost(earlier.lost);
    }
    this.#push(earlier.bytes);
  }

  /**
   * Reads the available data without waiting for the event loop. In a synchronous call, this is the only way
   * to get the output of a process that has ended.
   */
  drain(): void {
    this.catchUp();
    readAll(this.#stream, (chunk) => this.#push(chunk));
  }

  /** Closes the stream. Delivers a last line even without a line break. */
  close(): void {
    this.drain();
    this.#stream.destroy();
    this.#endLine();
  }

  #endLine(): void {
    const last = this.#line + this.#decoder.end();
    this.#line = '';
    if (last !== '') this.#deliver([last]);
  }

  #push(chunk: Buffer): void {
    this.#tail = Buffer.from(Buffer.concat([this.#tail, chunk.subarray(-KEPT)]).subarray(-KEPT));
    const lines = (this.#line + this.#decoder.write(chunk)).split('\n');
    this.#line = lines.pop() ?? '';
    while (this.#line.length > LONGEST_LINE) {
      lines.push(this.#line.slice(0, LONGEST_LINE));
      this.#line = this.#line.slice(LONGEST_LINE);
    }
    this.#deliver(lines.map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line)));
  }

  /** Delivers lines in order, even if a listener causes more lines. */
  #deliver(lines: readonly string[]): void {
    for (const line of lines) this.#undelivered.push(line);
    if (this.#delivering) return;
    this.#delivering = true;
    for (const line of this.#undelivered) guarded(() => this.#listener.line(line));
    this.#undelivered.length = 0;
    this.#delivering = false;
  }
}

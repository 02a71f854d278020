/** What a runner writes to its standard streams: line by line for those who listen, and the end of it for the report. */
import type { Socket } from 'node:net';
import { StringDecoder } from 'node:string_decoder';
import type { Earlier } from './captured-output.js';
import { guarded } from './channel.js';
import { readAll } from './file.js';

/** Of each stream so much is kept, in bytes. */
const KEPT = 16 * 1024;
/** A longer line is handed on in pieces. */
const LONGEST_LINE = 64 * 1024;

/** Who hears of a stream. */
export interface OutputListener {
  line(line: string): void;
  /** So many bytes are missing before the next line. */
  lost(bytes: number): void;
  /** What somebody else has read from the stream, before what can be read now. */
  earlier(): Earlier | null;
}

/** One standard stream of a runner. */
export class ProcessOutput {
  readonly #stream: Socket;
  readonly #listener: OutputListener;
  readonly #decoder = new StringDecoder('utf8');
  readonly #untold: string[] = [];
  #telling = false;
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

  /** The end of what was written, as text. */
  get tail(): string {
    const { length } = this.#tail;
    // Not from the middle of a character on.
    let start = 0;
    while (length === KEPT && start < 4 && ((this.#tail[start] ?? 0) & 0xc0) === 0x80) start++;
    return this.#tail.toString('utf8', start);
  }

  /** Tells what somebody else has read. */
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
   * Takes what is there without waiting for the event loop, which gives a process that has ended no other chance to be heard in a
   * synchronous call.
   */
  drain(): void {
    this.catchUp();
    readAll(this.#stream, (chunk) => this.#push(chunk));
  }

  /** Ends the stream; a last line without an end counts too. */
  close(): void {
    this.drain();
    this.#stream.destroy();
    this.#endLine();
  }

  #endLine(): void {
    const last = this.#line + this.#decoder.end();
    this.#line = '';
    if (last !== '') this.#tell([last]);
  }

  #push(chunk: Buffer): void {
    this.#tail = Buffer.from(Buffer.concat([this.#tail, chunk.subarray(-KEPT)]).subarray(-KEPT));
    const lines = (this.#line + this.#decoder.write(chunk)).split('\n');
    this.#line = lines.pop() ?? '';
    while (this.#line.length > LONGEST_LINE) {
      lines.push(this.#line.slice(0, LONGEST_LINE));
      this.#line = this.#line.slice(LONGEST_LINE);
    }
    this.#tell(lines.map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line)));
  }

  /** In order, also when a listener does something that brings more lines. */
  #tell(lines: readonly string[]): void {
    for (const line of lines) this.#untold.push(line);
    if (this.#telling) return;
    this.#telling = true;
    for (const line of this.#untold) guarded(() => this.#listener.line(line));
    this.#untold.length = 0;
    this.#telling = false;
  }
}

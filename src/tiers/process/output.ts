/** What a runner writes to its standard streams: line by line for those who listen, and the end of it for the report. */
import { readSync } from 'node:fs';
import type { Socket } from 'node:net';
import { StringDecoder } from 'node:string_decoder';

/** Of each stream so much is kept, in bytes. */
const KEPT = 16 * 1024;
/** A longer line is handed on in pieces. */
const LONGEST_LINE = 64 * 1024;
const CHUNK = 64 * 1024;

/** One standard stream of a runner. */
export class Output {
  readonly #stream: Socket;
  readonly #told: (line: string) => void;
  readonly #decoder = new StringDecoder('utf8');
  #tail = Buffer.alloc(0);
  #line = '';

  constructor(stream: Socket, told: (line: string) => void) {
    this.#stream = stream;
    this.#told = told;
    stream.on('data', (chunk: Buffer) => this.#push(chunk));
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

  /**
   * Takes what is there without waiting for the event loop, which gives a process that has ended no other chance to be heard in a
   * synchronous call.
   */
  drain(): void {
    const file = descriptorOf(this.#stream);
    if (file === undefined) return;
    const chunk = Buffer.allocUnsafe(CHUNK);
    try {
      for (let size = readSync(file, chunk); size > 0; size = readSync(file, chunk)) {
        this.#push(chunk.subarray(0, size));
      }
    } catch {
      // Nothing more for now.
    }
  }

  /** Ends the stream; a last line without an end counts too. */
  close(): void {
    this.drain();
    this.#stream.destroy();
    const last = this.#line + this.#decoder.end();
    this.#line = '';
    if (last !== '') this.#told(last);
  }

  #push(chunk: Buffer): void {
    this.#tail = Buffer.from(Buffer.concat([this.#tail, chunk.subarray(-KEPT)]).subarray(-KEPT));
    const lines = (this.#line + this.#decoder.write(chunk)).split('\n');
    this.#line = lines.pop() ?? '';
    while (this.#line.length > LONGEST_LINE) {
      lines.push(this.#line.slice(0, LONGEST_LINE));
      this.#line = this.#line.slice(LONGEST_LINE);
    }
    for (const line of lines) this.#told(line.endsWith('\r') ? line.slice(0, -1) : line);
  }
}

/** The file descriptor of a stream of this process's end of a pipe. */
export function descriptorOf(stream: Socket): number | undefined {
  const handle = (stream as unknown as { readonly _handle?: { readonly fd?: number } | null })._handle;
  const file = handle?.fd;
  return file !== undefined && file >= 0 ? file : undefined;
}

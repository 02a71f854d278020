/**
 * The output that a runner printed while a synchronous call waited for it. It is kept until it can be
 * delivered in order.
 */

/**
 * The number of bytes that are kept of each stream, at least. `native/channel/captured_output.cc` has the
 * same number.
 */
const KEPT = 16 << 20;

/** Bytes of a standard stream that precede everything that can still be read from it. */
export interface Earlier {
  readonly bytes: Buffer;
  /** The number of bytes before them that were dropped. */
  readonly lost: number;
}

/** The captured output of one stream. */
export class CapturedOutput {
  #chunks: Buffer[] = [];
  #size = 0;
  #lost = 0;

  get isEmpty(): boolean {
    return this.#size === 0;
  }

  add(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    for (let [first] = this.#chunks; first !== undefined; [first] = this.#chunks) {
      if (this.#size - first.length < KEPT) return;
      this.#chunks.shift();
      this.#size -= first.length;
      this.#lost += first.length;
    }
  }

  /** Returns the captured output and forgets it. Returns null if it is empty. */
  take(): Earlier | null {
    if (this.#size === 0) return null;
    const earlier = { bytes: Buffer.concat(this.#chunks), lost: this.#lost };
    this.#chunks = [];
    this.#size = this.#lost = 0;
    return earlier;
  }
}

/** What a runner printed while a synchronous call waited for it: kept until it can be told in its turn. */

/** Of each stream so much is kept at least, in bytes. `native/channel/captured_output.cc` has the same. */
const KEPT = 16 << 20;

/** Bytes of a standard stream, older than all that can still be read from it. */
export interface Earlier {
  readonly bytes: Buffer;
  /** So many bytes before them were too many to be kept. */
  readonly lost: number;
}

/** One stream's. */
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

  take(): Earlier | null {
    if (this.#size === 0) return null;
    const earlier = { bytes: Buffer.concat(this.#chunks), lost: this.#lost };
    this.#chunks = [];
    this.#size = this.#lost = 0;
    return earlier;
  }
}

/** Requests over a pipe that were not answered yet. Answers come in the order of requests. */

export interface PipeRequest {
  readonly number: number;
  /** Calls and batches up to here, this one among them. */
  readonly calls: number;
  readonly operation: number;
  readonly instance: number;
  readonly method: number;
  /** What its answer is told by; -1: somebody waits for it, blocking. */
  readonly slot: number;
  /** Its bytes, as they were sent. */
  readonly pieces: readonly Uint8Array[];
  readonly size: number;
}

export class PipeRequests {
  #queue: PipeRequest[] = [];
  #start = 0;
  #bytes = 0;

  get count(): number {
    return this.#queue.length - this.#start;
  }

  /** Of all of them together. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The one that is answered next. */
  get first(): PipeRequest | undefined {
    return this.#queue[this.#start];
  }

  push(request: PipeRequest): void {
    this.#queue.push(request);
    this.#bytes += request.size;
  }

  shift(): PipeRequest | undefined {
    const request = this.first;
    if (request === undefined) return undefined;
    this.#start++;
    this.#bytes -= request.size;
    if (this.#start === this.#queue.length || this.#start > 1024) {
      this.#queue = this.#queue.slice(this.#start);
      this.#start = 0;
    }
    return request;
  }

  find(number: number): PipeRequest | undefined {
    return this.#queue.find((request, at) => at >= this.#start && request.number === number);
  }
}

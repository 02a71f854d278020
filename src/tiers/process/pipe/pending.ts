/** The unanswered requests on a pipe. Answers arrive in the order of the requests. */

/** A request on a pipe. */
export interface PipeRequest {
  readonly number: number;
  /** Calls and batches up to here, this one among them. */
  readonly calls: number;
  readonly operation: number;
  readonly instance: number;
  readonly method: number;
  /** The slot for its answer; -1 for a blocking request. */
  slot: number;
  /** Its bytes as they were sent. */
  readonly pieces: readonly Uint8Array[];
  readonly size: number;
}

/** The queue of unanswered requests. */
export class PipeRequests {
  /** The requests from `#start` on. Those before are undefined, because an answered request holds its input. */
  #queue: (PipeRequest | undefined)[] = [];
  #start = 0;
  #bytes = 0;

  get count(): number {
    return this.#queue.length - this.#start;
  }

  /** The total size of the requests in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The request that is answered next. */
  get first(): PipeRequest | undefined {
    return this.#queue[this.#start];
  }

  /** Returns the request at `index` in the order of answers. */
  at(index: number): PipeRequest | undefined {
    return this.#queue[this.#start + index];
  }

  push(request: PipeRequest): void {
    this.#queue.push(request);
    this.#bytes += request.size;
  }

  shift(): PipeRequest | undefined {
    const request = this.first;
    if (request === undefined) return undefined;
    this.#queue[this.#start++] = undefined;
    this.#bytes -= request.size;
    if (this.#start === this.#queue.length || this.#start > 1024) {
      this.#queue = this.#queue.slice(this.#start);
      this.#start = 0;
    }
    return request;
  }

  find(number: number): PipeRequest | undefined {
    return this.#queue.find((request) => request?.number === number);
  }
}

/** Packed messages in Arrow's variable-size binary layout: n + 1 offsets and one data buffer. */
export interface Batch {
  /** `offsets[i]` to `offsets[i + 1]` is message i in `data`; not decreasing. */
  readonly offsets: Int32Array;
  readonly data: Uint8Array;
  /** Messages in it. */
  readonly length: number;
}
/** Results in the same layout; a failed message's bytes are its UTF-8 error text. */
export interface BatchResult extends Batch {
  /** A `tenon_status` per message. */
  readonly statuses: Int32Array;
}

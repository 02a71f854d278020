/** Memory of records and frames that users hold, and that other versions of a plugin use after a reload. */
import type { FrameBinding, RecordBinding, TierBinding } from '../tiers/tier.js';

/**
 * A record whose memory users hold. After a reload, calls copy between that memory and the memory that the new version
 * of the plugin has pinned.
 */
export class MovableRecord {
  readonly #record: RecordBinding;
  readonly #inputSize: number;
  readonly #outputSize: number;
  readonly #use: (invoke: () => void) => void;
  #fail: () => never;

  /** `use` receives the function that makes the call, after each reload. */
  constructor(
    record: RecordBinding,
    inputSize: number,
    outputSize: number,
    use: (invoke: () => void) => void,
  ) {
    this.#record = record;
    this.#inputSize = inputSize;
    this.#outputSize = outputSize;
    this.#use = use;
    this.#fail = record.fail;
  }

  /** Throws the error of the last call. */
  fail(): never {
    return this.#fail();
  }

  /** Pins the record in another binding. Returns a function that begins to use it and cannot fail. */
  moveTo(binding: TierBinding): () => void {
    const next = binding.record(this.#inputSize, this.#outputSize);
    const { control } = this.#record;
    const from = new Uint8Array(this.#record.input);
    const to = new Uint8Array(next.input);
    const result = new Uint8Array(next.output);
    const output = new Uint8Array(this.#record.output);
    return () => {
      this.#fail = next.fail;
      this.#use(() => {
        to.set(from);
        next.invoke();
        output.set(result);
        control[0] = next.control[0] as number;
      });
    };
  }
}

/** The same for a frame. */
export class MovableFrame {
  readonly #frame: FrameBinding;
  readonly #use: (calls: Pick<FrameBinding, 'invoke' | 'invokeLarge'>) => void;
  #present: Pick<FrameBinding, 'take' | 'fail'>;

  /** `use` receives the functions that make calls, after each reload. */
  constructor(frame: FrameBinding, use: (calls: Pick<FrameBinding, 'invoke' | 'invokeLarge'>) => void) {
    this.#frame = frame;
    this.#present = frame;
    this.#use = use;
  }

  /** Returns the result of the last call if it is not in the memory. */
  take(): Buffer {
    return this.#present.take();
  }

  /** Throws the error of the last call. */
  fail(): never {
    return this.#present.fail();
  }

  /** Makes a frame in another binding. Returns a function that begins to use it and cannot fail. */
  moveTo(binding: TierBinding): () => void {
    const next = binding.frame();
    const { control } = this.#frame;
    const from = new Uint8Array(this.#frame.input);
    const to = new Uint8Array(next.input);
    const output = new Uint8Array(this.#frame.output);
    const result = new Uint8Array(next.output);
    const after = () => {
      for (const word of [0, 1, 2]) control[word] = next.control[word] as number;
      const [outcome, length = 0, elsewhere] = control;
      if (outcome === 0 && elsewhere === 0) output.set(result.subarray(0, length));
    };
    return () => {
      this.#present = next;
      this.#use({
        invoke: (length) => {
          to.set(from.subarray(0, length));
          next.invoke(length);
          after();
        },
        invokeLarge: (bytes) => {
          next.invokeLarge(bytes);
          after();
        },
      });
    };
  }
}

/** Calls with records of any size, made of calls with plain bytes: for the tiers without a shorter way. */
import type { CallOptions, FrameBinding } from './tier.js';

/** The size of the memory for inputs. A larger input has memory of its own. */
export const FRAME_SIZE = 4096;

/** The indexes of the control array of a frame. They are those of {@link Control}. */
export const FrameControl = { OUTCOME: 0, LENGTH: 1, GROWN: 2 } as const;

/** The outcome of a call that has thrown. */
const THROWN = -1;

/** Returns a frame whose calls are blocking calls with plain bytes. */
export function frameOver(binding: {
  callSync(input: Uint8Array, options?: CallOptions): Buffer;
}): FrameBinding {
  const input = new ArrayBuffer(FRAME_SIZE);
  const output = new ArrayBuffer(0);
  const control = new Int32Array(3);
  let result: Buffer | undefined;
  let problem: unknown;
  const run = (bytes: Uint8Array): void => {
    try {
      result = binding.callSync(bytes);
      control[FrameControl.OUTCOME] = 0;
      control[FrameControl.GROWN] = 1;
    } catch (error) {
      problem = error;
      control[FrameControl.OUTCOME] = THROWN;
    }
  };
  return {
    input,
    output,
    control,
    invoke: (length) => run(new Uint8Array(input, 0, length)),
    invokeLarge: run,
    take: () => {
      const taken = result ?? Buffer.alloc(0);
      result = undefined;
      return taken;
    },
    fail: () => {
      throw problem;
    },
  };
}

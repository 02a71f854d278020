/** A record binding that calls a JavaScript function instead of a plugin, for tests that need no plugin. */
import { TenonError } from '../../src/base/errors.js';
import type { RecordBinding } from '../../src/tiers/tier.js';

/**
 * Creates a binding. `work` gets the bytes of both records. The outcome is the number that it returns, or
 * else 0.
 */
export function loopback(
  inputSize: number,
  outputSize: number,
  work: (input: Uint8Array, output: Uint8Array) => unknown,
): RecordBinding {
  const input = new ArrayBuffer(inputSize);
  const output = new ArrayBuffer(outputSize);
  const control = new Int32Array(1);
  return {
    input,
    output,
    control,
    invoke: () => {
      const outcome = work(new Uint8Array(input), new Uint8Array(output));
      control[0] = typeof outcome === 'number' ? outcome : 0;
    },
    fail: () => {
      throw new TenonError('ERR_TENON_CALL_FAILED', `status ${control[0]}`);
    },
  };
}

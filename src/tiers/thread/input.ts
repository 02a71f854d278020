/** The inputs of calls on a thread, and the results of their batches. */
import type { BatchResult } from '../../base/batch.js';
import { requireBytes } from '../../base/bytes.js';
import { batchResult } from '../binding.js';
import { Outcome } from '../control.js';
import { refuseInput } from '../status.js';
import { ThreadControl } from './control.js';
import type { ThreadAnswer, ThreadNative } from './native.js';

/**
 * Passes an input to native code. If native code requires it, checks the input's memory and passes it again.
 */
export function handInput(native: ThreadNative, input: Uint8Array, hand: (input: Uint8Array) => void): void {
  hand(input);
  if (native.at(ThreadControl.OUTCOME) !== Outcome.INSPECT) return;
  requireBytes('input', input);
  native.control[ThreadControl.CHECKED] = 1;
  hand(input);
  native.control[ThreadControl.CHECKED] = 0;
}

/**
 * Returns the error for an input that native code refused. Returns undefined if the outcome has another
 * reason.
 */
export function inputRefusal(outcome: number, argument: string, input: Uint8Array): Error | undefined {
  if (outcome !== Outcome.NOT_BYTES && outcome !== Outcome.SHARED) return undefined;
  try {
    return refuseInput(argument, input);
  } catch (error) {
    return error as Error;
  }
}

/** Takes the result of a batch from native code. */
export function takeBatch(native: ThreadNative, answer: ThreadAnswer, length: number): BatchResult {
  const end = {
    outcome: answer.outcome,
    detail: answer.detail,
    processed: answer.processed,
    total: answer.length,
  };
  const offsets = new Int32Array(length + 1);
  const statuses = new Int32Array(length);
  native.addon.takeBatch(offsets, statuses);
  let taken = false;
  try {
    return batchResult(end, offsets, statuses, (target) => {
      taken = true;
      native.addon.take(target);
    });
  } finally {
    if (!taken) native.addon.skip(); // allocating its memory failed
  }
}

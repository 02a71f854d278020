/** The common parts of the bindings of both backends. */
import { types } from 'node:util';
import { type Batch, type BatchResult, trustedResult, uncheckedBatch } from '../base/batch.js';
import { kindOf, requireBytes, requirePlainMemory } from '../base/bytes.js';
import { invalidArgument, type TenonError, unreadable } from '../base/errors.js';
import { callSettings } from './call-options.js';
import { isBreach } from './control.js';
import { frameOver } from './frame.js';
import { badRecord, badResult, breachOf, type CallSite } from './status.js';
import type { CallOptions, FrameBinding, RecordBinding, TierBinding } from './tier.js';

/** A binding whose calls run on the caller's thread. The work is done when the promise is returned. */
export abstract class InlineBinding implements TierBinding {
  readonly blocking = true;
  /** Keeps the instance from being collected while its method can be called. */
  readonly owner: object;

  constructor(owner: object) {
    this.owner = owner;
  }

  /** The plugin and the method that its calls reach. */
  protected abstract readonly site: CallSite;
  abstract callSync(input: Uint8Array, options?: CallOptions): Buffer;
  abstract callManySync(batch: Batch, options?: CallOptions): BatchResult;
  abstract record(inputSize: number, outputSize: number): RecordBinding;

  async call(input: Uint8Array, options?: CallOptions): Promise<Buffer> {
    return this.callSync(input, options);
  }

  async callMany(batch: Batch, options?: CallOptions): Promise<BatchResult> {
    return this.callManySync(batch, options);
  }

  async callRecord(input: Uint8Array, outputSize: number, options?: CallOptions): Promise<Uint8Array> {
    const result = this.callSync(input, options);
    if (result.length !== outputSize) throw badRecord(result.length, this.site);
    return result;
  }

  frame(): FrameBinding {
    return frameOver(this);
  }

  badResult(problem: string): TenonError {
    return badResult(problem, this.site);
  }

  /**
   * Checks the options of a call that has any.
   * @throws TenonError ERR_TENON_INVALID_ARGUMENT
   * @throws the reason of an aborted signal
   */
  protected checkOptions(options: CallOptions): void {
    callSettings(options, undefined).signal?.throwIfAborted();
  }
}

/**
 * Refuses a value that cannot be a batch. The values of the offsets are checked where they are used.
 * @throws TenonError ERR_TENON_INVALID_ARGUMENT
 */
export function requireBatch(batch: Batch): { offsets: Int32Array; data: Uint8Array } {
  if (typeof batch !== 'object' || batch === null)
    throw invalidArgument('batch', `must be a Batch, not ${kindOf(batch)}`);
  const { offsets, data } = partsOf(batch);
  if (!types.isInt32Array(offsets))
    throw invalidArgument('batch.offsets', `must be an Int32Array, not ${kindOf(offsets)}`);
  requirePlainMemory('batch.offsets', offsets);
  requireBytes('batch.data', data);
  return { offsets, data };
}

/** Copies an input for a call that must wait. @throws TenonError ERR_TENON_INVALID_ARGUMENT */
export function copyOfInput(input: Uint8Array): Uint8Array {
  requireBytes('input', input);
  return Buffer.from(input);
}

/**
 * Copies a batch for a call that must wait. The values of the offsets are checked where they are used.
 * @throws TenonError ERR_TENON_INVALID_ARGUMENT
 */
export function copyOfBatch(batch: Batch): Batch {
  const { offsets, data } = requireBatch(batch);
  return uncheckedBatch(Int32Array.from(offsets), Buffer.from(data));
}

/** Reads the members of a batch. What is not made by {@link Batch} may run any code. */
function partsOf(batch: Batch): { offsets: unknown; data: unknown } {
  try {
    return { offsets: batch.offsets, data: batch.data };
  } catch (cause) {
    throw unreadable('batch', cause);
  }
}

/** Returns the error for offsets that native code refused. */
export function badBatch(): Error {
  const expected =
    'must have one more element than there are messages, not decrease, and end within the data';
  return invalidArgument('batch.offsets', expected);
}

/** The end of a loop over a batch. */
export interface LoopEnd {
  /** The reason for which it stopped early; 0 if it did not. */
  readonly outcome: number;
  /** The detail of the outcome, see {@link Control}. */
  readonly detail: number;
  /** The number of messages that were processed. */
  readonly processed: number;
  /** The total size of the results in bytes. */
  readonly total: number;
}

/**
 * Makes the result of a loop. If the plugin broke the contract with a message, the host's finding becomes
 * that message's error message. All messages after it are empty.
 */
export function batchResult(
  end: LoopEnd,
  offsets: Int32Array,
  statuses: Int32Array,
  copyTo: (data: Buffer) => void,
): BatchResult {
  const breach = isBreach(end.outcome)
    ? Buffer.from(`The plugin broke the contract: it ${breachOf(end.outcome, end.detail)}.`)
    : Buffer.alloc(0);
  const data = Buffer.allocUnsafe(end.total + breach.length);
  copyTo(data);
  if (breach.length > 0) {
    data.set(breach, end.total);
    offsets.fill(data.length, end.processed);
  }
  return trustedResult(offsets, data, statuses);
}

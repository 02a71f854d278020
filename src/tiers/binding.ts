/** What the bindings of both backends have in common. */
import { types } from 'node:util';
import { type Batch, type BatchResult, trustedResult } from '../base/batch.js';
import { kindOf, requireBytes, requirePlainMemory } from '../base/bytes.js';
import { invalidArgument } from '../base/errors.js';
import { callSettings } from './call-options.js';
import { isBreach } from './control.js';
import { badRecord, breachOf, type CallSite } from './status.js';
import type { CallOptions, RecordBinding, TierBinding } from './tier.js';

/** A binding whose calls are made on the caller's thread: a promise is there when the work is done. */
export abstract class InlineBinding implements TierBinding {
  readonly blocking = true;
  /** Held so that the instance is not collected while its method can be called. */
  readonly owner: object;

  constructor(owner: object) {
    this.owner = owner;
  }

  /** Where its calls go. */
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

  /** Called where there are options at all. @throws TenonError ERR_TENON_INVALID_ARGUMENT; the reason of an aborted signal */
  protected checkOptions(options: CallOptions): void {
    callSettings(options, undefined).signal?.throwIfAborted();
  }
}

/** Refuses what cannot be a batch. The offsets' values are checked where they are used. @throws ERR_TENON_INVALID_ARGUMENT */
export function requireBatch(batch: Batch): { offsets: Int32Array; data: Uint8Array } {
  if (typeof batch !== 'object' || batch === null)
    throw invalidArgument('batch', `must be a Batch, not ${kindOf(batch)}`);
  const { offsets, data } = batch;
  if (!types.isInt32Array(offsets))
    throw invalidArgument('batch.offsets', `must be an Int32Array, not ${kindOf(offsets)}`);
  requirePlainMemory('batch.offsets', offsets);
  requireBytes('batch.data', data);
  return { offsets, data };
}

/** The error for offsets that native code has refused. */
export function badBatch(): Error {
  const expected =
    'must have one more element than there are messages, not decrease, and end within the data';
  return invalidArgument('batch.offsets', expected);
}

/** How a loop over a batch ended. */
export interface LoopEnd {
  /** Why it stopped early; 0 if it did not. */
  readonly outcome: number;
  readonly detail: number;
  /** Messages that were processed. */
  readonly processed: number;
  /** Bytes of all results. */
  readonly total: number;
}

/**
 * The result of a loop. A message with which the plugin broke the contract gets the host's finding as its text: it is the
 * last one that has any.
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

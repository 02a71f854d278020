/**
 * Calls through the native addon: inputs are not copied, native code creates no JavaScript values, and events
 * may come from any thread.
 */

import type { Addon, Dispatch } from '../../addon/addon.js';
import type { Batch, BatchResult } from '../../base/batch.js';
import { requireBytes } from '../../base/bytes.js';
import type { TenonError } from '../../base/errors.js';
import { isRecycling, resultMemory } from '../../base/recycled-memory.js';
import { textOf } from '../../base/text.js';
import type { VTable } from '../../library/library.js';
import { badBatch, batchResult, InlineBinding, requireBatch } from '../binding.js';
import { type CallTally, countCall } from '../call-tally.js';
import type { PluginContext } from '../context.js';
import { Control, isBreach, Outcome } from '../control.js';
import { FRAME_SIZE } from '../frame.js';
import { type CallSite, callFailure, type Failure, newFailure, refuseInput } from '../status.js';
import type { CallOptions, FrameBinding, MethodRef, RecordBinding } from '../tier.js';
import type { Backend, BackendInstance } from './backend.js';

/** The size in bytes up to which a loop copies results faster than a call does. */
const SMALL = 64;

const { OUTCOME, LENGTH, GROWN, DETAIL, TARGET, GENERATION, CHECKED, PROCESSED } = Control;

/** The addon, and the memory that this thread shares with it. */
class Native {
  readonly addon: Addon;
  /** Copies of the addon's functions. Looking them up among all exports would cost as much as a call. */
  readonly call: Addon['call'];
  readonly callRecord: Addon['callRecord'];
  readonly control: Int32Array;
  readonly scratch: Buffer;

  constructor(addon: Addon, dispatch: Dispatch) {
    const [control, scratch] = addon.open(dispatch, () => setImmediate(addon.drain));
    this.addon = addon;
    this.call = addon.call;
    this.callRecord = addon.callRecord;
    this.control = new Int32Array(control);
    this.scratch = Buffer.from(scratch, 0, addon.scratchSize);
  }

  at(place: number): number {
    return this.control[place] as number;
  }

  aim(target: number, generation: number): void {
    this.control[TARGET] = target;
    this.control[GENERATION] = generation;
  }

  /**
   * Returns the failure of the last call. Its text is in the scratch memory or in `memory`, or must be taken
   * if it has outgrown that.
   */
  failure(memory: Buffer = this.scratch): Failure {
    const outcome = this.at(OUTCOME);
    const detail = this.at(DETAIL);
    if (outcome < 0) return { outcome, detail, text: '' };
    const length = this.at(LENGTH);
    const text = this.at(GROWN) === 0 ? memory.toString('utf8', 0, length) : textOf(this.take(length));
    return { outcome, detail, text };
  }

  take(length: number): Buffer {
    const result = resultMemory(length, isRecycling());
    this.addon.take(result);
    return result;
  }
}

/** Returns the backend of this thread that uses the addon. */
export function addonBackend(addon: Addon, dispatch: Dispatch): Backend {
  const native = new Native(addon, dispatch);
  return {
    events: true,
    create: (vtable, context, config, token) => new AddonInstance(native, vtable, context, config, token),
    flush: () => addon.flush(),
  };
}

class AddonInstance implements BackendInstance {
  closed = false;
  readonly #native: Native;
  readonly #context: PluginContext;
  readonly #something: bigint;
  readonly #target: number;
  readonly #generation: number;

  constructor(native: Native, vtable: VTable, context: PluginContext, config: Uint8Array, token: number) {
    this.#native = native;
    this.#context = context;
    const { new: make, drop, something, get_extension } = vtable.slots;
    const { messages, bytes } = context.queue;
    this.#something = something;
    native.addon.create(make, drop, something, get_extension, token, messages, bytes, config, context.path);
    if (native.at(OUTCOME) !== 0) throw newFailure(native.failure(), this.#site('new'));
    this.#target = native.at(TARGET);
    this.#generation = native.at(GENERATION);
  }

  bind(owner: object, method: MethodRef, address: bigint): AddonBinding {
    const native = this.#aim(method.name);
    const site = this.#site(method.name);
    if (address !== this.#something) {
      native.addon.bind(address);
      if (native.at(OUTCOME) !== 0) throw callFailure(native.failure(), site);
    }
    return new AddonBinding(owner, native, address, native.at(TARGET), native.at(GENERATION), site);
  }

  extension(id: string): bigint {
    const found = this.#aim(`get_extension('${id}')`).addon.extension(id);
    if (found === undefined) throw this.#closedError('get_extension');
    return found;
  }

  reference(on: boolean): void {
    if (!this.closed) this.#aim('reference').addon.reference(on);
  }

  close(): void {
    if (this.closed) return;
    const native = this.#aim('close');
    this.closed = true;
    native.addon.close();
  }

  #aim(what: string): Native {
    if (this.closed) throw this.#closedError(what);
    this.#native.aim(this.#target, this.#generation);
    return this.#native;
  }

  #closedError(what: string): TenonError {
    return callFailure({ outcome: Outcome.CLOSED, detail: 0, text: '' }, this.#site(what));
  }

  #site(method: string): CallSite {
    const { plugin, path, tally } = this.#context;
    return { plugin, path, method, tally };
  }
}

class AddonBinding extends InlineBinding {
  readonly #native: Native;
  readonly #address: bigint;
  readonly #target: number;
  readonly #generation: number;
  protected readonly site: CallSite;
  readonly #tally: CallTally;

  constructor(
    owner: object,
    native: Native,
    address: bigint,
    target: number,
    generation: number,
    site: CallSite,
  ) {
    super(owner);
    this.#native = native;
    this.#address = address;
    this.#target = target;
    this.#generation = generation;
    this.site = site;
    this.#tally = site.tally;
  }

  callSync(input: Uint8Array, options?: CallOptions): Buffer {
    if (options !== undefined) this.checkOptions(options);
    const native = this.#native;
    const control = native.control;
    control[TARGET] = this.#target;
    control[GENERATION] = this.#generation;
    native.call(input);
    if (control[OUTCOME] !== 0 || control[GROWN] !== 0) return this.#seldom(input);
    const length = control[LENGTH] as number;
    const tally = this.#tally;
    tally.bytesIn += input.length;
    tally.bytesOut += length;
    const result = Buffer.allocUnsafe(length);
    const scratch = native.scratch;
    if (length > SMALL) scratch.copy(result, 0, 0, length);
    else for (let i = 0; i < length; i++) result[i] = scratch[i] as number;
    return result;
  }

  /** Handles a call that failed, whose result is large, or whose input must be checked. */
  #seldom(input: Uint8Array): Buffer {
    const native = this.#native;
    if (native.at(OUTCOME) === Outcome.INSPECT) {
      requireBytes('input', input);
      native.aim(this.#target, this.#generation);
      native.control[CHECKED] = 1;
      native.call(input);
      native.control[CHECKED] = 0;
    }
    const outcome = native.at(OUTCOME);
    if (outcome === Outcome.NOT_BYTES || outcome === Outcome.SHARED) refuseInput('input', input);
    if (outcome !== 0) throw callFailure(native.failure(), this.site);
    const length = native.at(LENGTH);
    countCall(this.#tally, input.length, length);
    return native.at(GROWN) === 0 ? Buffer.from(native.scratch.subarray(0, length)) : native.take(length);
  }

  callManySync(batch: Batch, options?: CallOptions): BatchResult {
    if (options !== undefined) this.checkOptions(options);
    const { offsets, data } = requireBatch(batch);
    const results = new Int32Array(offsets.length);
    const statuses = new Int32Array(Math.max(offsets.length - 1, 0));
    const native = this.#native;
    native.aim(this.#target, this.#generation);
    native.addon.callMany(offsets, data, results, statuses);
    const outcome = native.at(OUTCOME);
    if (outcome === Outcome.BAD_BATCH) throw badBatch();
    if (outcome === Outcome.NOT_BYTES || outcome === Outcome.SHARED) refuseInput('batch.data', data);
    if (outcome < 0 && !isBreach(outcome)) throw callFailure(native.failure(), this.site);
    const end = {
      outcome,
      detail: native.at(DETAIL),
      processed: native.at(PROCESSED),
      total: native.at(LENGTH),
    };
    countCall(this.#tally, data.length, end.total);
    return batchResult(end, results, statuses, (target) => native.addon.take(target));
  }

  override frame(): FrameBinding {
    const native = this.#native;
    const { control, scratch } = native;
    native.aim(this.#target, this.#generation);
    const memory = native.addon.record(this.#address, FRAME_SIZE, 0);
    if (memory === undefined) throw callFailure(native.failure(), this.site);
    const [input] = memory;
    const target = native.at(TARGET);
    const generation = native.at(GENERATION);
    const { callFrame } = native.addon;
    const tally = this.#tally;
    const invoke = (length: number): void => {
      control[TARGET] = target;
      control[GENERATION] = generation;
      control[LENGTH] = length;
      callFrame();
      if (control[OUTCOME] === 0) countCall(tally, length, control[LENGTH] as number);
    };
    const invokeLarge = (bytes: Uint8Array): void => {
      control[TARGET] = target;
      control[GENERATION] = generation;
      control[CHECKED] = 1;
      native.call(bytes);
      control[CHECKED] = 0;
      if (control[OUTCOME] === 0) countCall(tally, bytes.length, control[LENGTH] as number);
    };
    // The closures keep this binding, and thus the instance, alive.
    const fail = (): never => {
      throw callFailure(native.failure(), this.site);
    };
    const take = (): Buffer => native.take(control[LENGTH] as number);
    return { input, output: scratch.buffer as ArrayBuffer, control, invoke, invokeLarge, take, fail };
  }

  record(inputSize: number, outputSize: number): RecordBinding {
    const native = this.#native;
    const { addon, callRecord, control } = native;
    native.aim(this.#target, this.#generation);
    const memory = addon.record(this.#address, inputSize, outputSize);
    if (memory === undefined) throw callFailure(native.failure(), this.site);
    const [input, output] = memory;
    const target = native.at(TARGET);
    const generation = native.at(GENERATION);
    // Both closures keep this binding, and thus the instance, alive.
    const fail = (): never => {
      throw callFailure(native.failure(Buffer.from(output)), this.site);
    };
    const invoke = (): void => {
      control[TARGET] = target;
      control[GENERATION] = generation;
      callRecord();
    };
    return { input, output, control, invoke, fail };
  }
}

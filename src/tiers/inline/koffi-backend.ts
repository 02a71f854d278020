/**
 * Calls through koffi, without the addon: the same checks, but no events. Functions are bound once per
 * address, because koffi never frees the memory of a bound function.
 */
import { isUtf8 } from 'node:buffer';
import { Status } from '../../base/abi.js';
import type { Batch, BatchResult } from '../../base/batch.js';
import { isPlainBytes, requireBytes } from '../../base/bytes.js';
import type { TenonError } from '../../base/errors.js';
import { isRecycling, resultMemory } from '../../base/recycled-memory.js';
import { textOf } from '../../base/text.js';
import { addressOf, type ForeignAddress, ffi } from '../../library/ffi.js';
import type { VTable } from '../../library/library.js';
import { badBatch, batchResult, InlineBinding, requireBatch } from '../binding.js';
import { countCall } from '../call-tally.js';
import type { PluginContext } from '../context.js';
import { CONTROL_SIZE, Control, isBreach, Outcome } from '../control.js';
import { type CallSite, callFailure, type Failure, newFailure } from '../status.js';
import type { CallOptions, MethodRef, RecordBinding } from '../tier.js';
import type { Backend, BackendInstance } from './backend.js';
import { hostStub } from './host-stub.js';
import { KoffiOutput, Region } from './koffi-output.js';

/**
 * The signatures of the plugin's functions. Pointers are passed as numbers: every calling convention treats
 * them alike, and they are much faster than BigInts.
 */
type Method = (state: ForeignAddress, input: number | Uint8Array, length: number, out: number) => number;
type Make = (host: number, config: Uint8Array, length: number, state: Buffer, error: number) => number;
type Drop = (state: ForeignAddress) => void;
type GetExtension = (id: string) => ForeignAddress;

/** The signatures for koffi. They are anonymous, because koffi's names are global. */
const SIGNATURES = {
  method: ['int32', ['uint64_t', 'void *', 'uint64_t', 'uint64_t']],
  methodAt: ['int32', ['uint64_t', 'uint64_t', 'uint64_t', 'uint64_t']],
  make: ['int32', ['uint64_t', 'void *', 'uint64_t', 'void *', 'uint64_t']],
  drop: ['void', ['uint64_t']],
  extension: ['uint64_t', ['str']],
} as const;
type Signature = keyof typeof SIGNATURES;

/** The size in bytes up to which a loop copies results faster than a call does. */
const SMALL = 64;
/** The memory of an empty input: an address that may be read from, unlike NULL. */
const NOTHING = Buffer.allocUnsafeSlow(16).fill(0);

/** The state that this thread shares with plugins. */
class Foreign {
  readonly output = new KoffiOutput();
  readonly #functions = new Map<string, unknown>();
  readonly #prototypes = new Map<Signature, ReturnType<ReturnType<typeof ffi>['proto']>>();

  function<F>(signature: Signature, address: bigint): F {
    const key = `${signature}@${address}`;
    let made = this.#functions.get(key);
    if (made === undefined) {
      made = ffi().decode(address, this.#prototype(signature));
      this.#functions.set(key, made);
    }
    return made as F;
  }

  /** Returns the failure of the call that has just ended. */
  failure(outcome: number, status: number): Failure {
    if (outcome < 0) return { outcome, detail: status, text: '' };
    const bytes = this.output.bytes();
    const text = textOf(bytes);
    return isUtf8(bytes)
      ? { outcome, detail: status, text }
      : { outcome: Outcome.NOT_TEXT, detail: status, text: '' };
  }

  #prototype(signature: Signature) {
    let made = this.#prototypes.get(signature);
    if (made === undefined) {
      const [result, parameters] = SIGNATURES[signature];
      made = ffi().proto(result, [...parameters]);
      this.#prototypes.set(signature, made);
    }
    return made;
  }
}

let foreign: Foreign | undefined;

/**
 * Returns the backend of this thread that uses koffi.
 * @throws TenonError ERR_TENON_UNSUPPORTED if koffi is missing too
 */
export function koffiBackend(): Backend {
  foreign ??= new Foreign();
  const shared = foreign;
  return {
    events: false,
    create: (vtable, context, config) => new KoffiInstance(shared, vtable, context, config),
    flush: () => undefined,
  };
}

class KoffiInstance implements BackendInstance {
  closed = false;
  /** 0 while calls are allowed; otherwise the Outcome of all further calls. */
  condition = 0;
  readonly state: ForeignAddress;
  readonly #foreign: Foreign;
  readonly #context: PluginContext;
  readonly #drop: Drop;
  readonly #getExtension: GetExtension | null;

  constructor(foreign: Foreign, vtable: VTable, context: PluginContext, config: Uint8Array) {
    this.#foreign = foreign;
    this.#context = context;
    const { new: newAddress, drop, get_extension } = vtable.slots;
    this.#drop = foreign.function<Drop>('drop', drop);
    this.#getExtension =
      get_extension === 0n ? null : foreign.function<GetExtension>('extension', get_extension);
    const make = foreign.function<Make>('make', newAddress);
    const { output } = foreign;
    const state = Buffer.alloc(8);
    output.begin(output.scratch);
    const given = config.length === 0 ? NOTHING : config;
    const status = make(hostStub(), given, config.length, state, output.address);
    const failure = foreign.failure(output.end(status), status);
    output.trim();
    const made = state.readBigUInt64LE();
    this.state = made <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(made) : made;
    if (failure.outcome === Status.TENON_OK) return;
    if (status === Status.TENON_OK) this.close();
    throw newFailure(failure, this.#site('new'));
  }

  bind(owner: object, method: MethodRef, address: bigint): KoffiBinding {
    const site = this.#site(method.name);
    if (this.closed) throw closedError(site);
    return new KoffiBinding(owner, this.#foreign, this, address, site);
  }

  extension(id: string): bigint {
    if (this.closed) throw closedError(this.#site('get_extension'));
    return this.#getExtension === null ? 0n : BigInt(this.#getExtension(id));
  }

  /** Does nothing: without the addon, no events can arrive. */
  reference(): void {}

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.condition = Outcome.CLOSED;
    this.#drop(this.state);
  }

  /** Disables the instance after a breach of the contract, and marks it as poisoned after a panic. */
  judge(outcome: number): void {
    if (outcome === Status.TENON_PANIC || outcome === Status.TENON_POISONED)
      this.condition = Outcome.POISONED;
    if (isBreach(outcome)) this.condition = Outcome.DISABLED;
  }

  #site(method: string): CallSite {
    const { plugin, path, tally } = this.#context;
    return { plugin, path, method, tally };
  }
}

function closedError(site: CallSite): TenonError {
  return callFailure({ outcome: Outcome.CLOSED, detail: 0, text: '' }, site);
}

class KoffiBinding extends InlineBinding {
  readonly #foreign: Foreign;
  readonly #instance: KoffiInstance;
  readonly #address: bigint;
  readonly #call: Method;
  protected readonly site: CallSite;

  constructor(owner: object, foreign: Foreign, instance: KoffiInstance, address: bigint, site: CallSite) {
    super(owner);
    this.#foreign = foreign;
    this.#instance = instance;
    this.#address = address;
    this.#call = foreign.function<Method>('method', address);
    this.site = site;
  }

  callSync(input: Uint8Array, options?: CallOptions): Buffer {
    if (options !== undefined) this.checkOptions(options);
    const bytes = isPlainBytes(input) ? input : this.#seldom(input);
    const instance = this.#instance;
    if (instance.condition !== 0) this.#refuse();
    const output = this.#foreign.output;
    const scratch = output.scratch;
    output.begin(scratch);
    const status = this.#call(instance.state, bytes, input.length, output.address);
    const outcome = output.end(status);
    if (outcome !== 0) throw this.#failed(outcome, status);
    const length = output.length;
    countCall(this.site.tally, input.length, length);
    if (output.grown) return this.#large();
    const result = Buffer.allocUnsafe(length);
    if (length > SMALL) scratch.memory.copy(result, 0, 0, length);
    else for (let i = 0; i < length; i++) result[i] = scratch.memory[i] as number;
    return result;
  }

  #seldom(input: unknown): Uint8Array {
    requireBytes('input', input);
    return input.length === 0 ? NOTHING : input;
  }

  #large(): Buffer {
    const { output } = this.#foreign;
    const result = resultMemory(output.length, isRecycling());
    output.copyBlock(result);
    return result;
  }

  #refuse(): never {
    throw callFailure({ outcome: this.#instance.condition, detail: 0, text: '' }, this.site);
  }

  #failed(outcome: number, status: number): TenonError {
    const failure = this.#foreign.failure(outcome, status);
    this.#foreign.output.trim();
    this.#instance.judge(failure.outcome);
    return callFailure(failure, this.site);
  }

  callManySync(batch: Batch, options?: CallOptions): BatchResult {
    if (options !== undefined) this.checkOptions(options);
    const { offsets, data } = requireBatch(batch);
    checkOffsets(offsets, data.length);
    const instance = this.#instance;
    if (instance.condition !== 0) this.#refuse();
    const { output } = this.#foreign;
    const call = this.#foreign.function<Method>('methodAt', this.#address);
    const start = data.length === 0 ? NOTHING : data;
    const base = Number(addressOf(Buffer.from(start.buffer, start.byteOffset, start.length)));
    const results = new Int32Array(offsets.length);
    const statuses = new Int32Array(offsets.length - 1).fill(Status.TENON_POISONED);
    let end = { outcome: 0, detail: 0, processed: 0, total: 0 };
    while (end.processed < statuses.length && instance.condition === 0) {
      const i = end.processed;
      const from = offsets[i] as number;
      output.beginAppend(end.total);
      const status = call(instance.state, base + from, (offsets[i + 1] as number) - from, output.address);
      const { outcome } = this.#judged(output.end(status), status);
      const total = end.total + output.length;
      statuses[i] = outcome < 0 ? Status.TENON_POISONED : outcome;
      results[i + 1] = total;
      end = { outcome: instance.condition === 0 ? 0 : outcome, detail: status, processed: i + 1, total };
    }
    results.fill(end.total, end.processed + 1);
    countCall(this.site.tally, data.length, end.total);
    return batchResult(end, results, statuses, (target) => output.copyBlock(target));
  }

  #judged(outcome: number, status: number): Failure {
    if (outcome === 0) return { outcome, detail: status, text: '' };
    const failure = this.#foreign.failure(outcome, status);
    this.#instance.judge(failure.outcome);
    return failure;
  }

  record(inputSize: number, outputSize: number): RecordBinding {
    if (this.#instance.condition === Outcome.CLOSED) this.#refuse();
    const input = new Region(inputSize);
    const output = new Region(outputSize);
    const control = new Int32Array(CONTROL_SIZE);
    let failure: Failure = { outcome: 0, detail: 0, text: '' };
    const call = this.#foreign.function<Method>('methodAt', this.#address);
    const instance = this.#instance;
    const out = this.#foreign.output;
    const invoke = (): void => {
      if (instance.condition !== 0) {
        control[Control.OUTCOME] = instance.condition;
        failure = { outcome: instance.condition, detail: 0, text: '' };
        return;
      }
      out.begin(output);
      const status = call(instance.state, input.address, inputSize, out.address);
      let outcome = out.end(status);
      if (outcome === 0 && (out.grown || out.length !== outputSize)) outcome = Outcome.BAD_RECORD;
      control[Control.OUTCOME] = outcome;
      if (outcome === 0) return;
      failure = this.#judged(outcome, outcome === Outcome.BAD_RECORD ? out.length : status);
      out.trim();
    };
    const fail = (): never => {
      throw callFailure(failure, this.site);
    };
    return { input: memoryOf(input), output: memoryOf(output), control, invoke, fail };
  }
}

function memoryOf(region: Region): ArrayBuffer {
  return region.memory.buffer as ArrayBuffer;
}

function checkOffsets(offsets: Int32Array, end: number): void {
  let previous = offsets[0] ?? -1;
  if (previous < 0) throw badBatch();
  for (let i = 1; i < offsets.length; i++) {
    const offset = offsets[i] as number;
    if (offset < previous) throw badBatch();
    previous = offset;
  }
  if (previous > end) throw badBatch();
}

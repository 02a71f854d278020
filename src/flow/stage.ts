/** Stages and their results, and the stages that keep no state: functions and codecs. */
import { Status } from '../base/abi.js';
import { Batch, BatchResult } from '../base/batch.js';
import { callError } from '../base/call-error.js';
import { asTenonError, TenonError } from '../base/errors.js';
import { textOf } from '../base/text.js';
import type { Binding } from '../tiers/tier.js';
import type { StageFunction } from './connector.js';
import { EventFrame, frameBreach, Mark, NOWHERE } from './frame.js';
import { pickRows } from './frame-builder.js';
import { keptFrame } from './frame-memory.js';
import { replaceValues } from './frame-values.js';

/** Rows that a stage could not process, and why. */
export interface DeadRows {
  readonly frame: EventFrame;
  readonly error: TenonError;
}

/** The result of a frame in a stage or in a chain of stages. */
export interface Processed {
  /** The frames that came out, in order. */
  readonly frames: readonly EventFrame[];
  readonly dead: readonly DeadRows[];
  /** The oldest input position that a fresh instance would need; NOWHERE if there is none. */
  readonly held: bigint;
}

/**
 * A stage of a chain. It may use a frame that it gets until its promise is fulfilled, or longer if it adds a use of its
 * own. The caller has a use of each frame that it returns. See {@link useFrame}.
 */
export interface FlowStage {
  /** The name, for messages and metrics. */
  readonly name: string;
  /** Whether it has an instance for each stream, which takes frames of one stream only. */
  readonly perStream: boolean;
  process(frame: EventFrame): Promise<Processed>;
  /** Returns what was left of a stream, and drops its instance. `last` is the last position of its input. */
  finish(stream: bigint, last: bigint): Promise<Processed>;
  /** Drops all instances. */
  close(): Promise<void>;
}

/** Nothing came out, and nothing is held. */
export const NOTHING: Processed = { frames: [], dead: [], held: NOWHERE };

/** Processes a frame at once, or each row alone if that fails. A row that fails alone is dead. */
export async function rowByRow(
  frame: EventFrame,
  process: (frame: EventFrame) => Promise<EventFrame>,
  what: string,
): Promise<Processed> {
  const first = await attempt(frame, process, what);
  if (first instanceof EventFrame) return { frames: [first], dead: [], held: NOWHERE };
  if (frame.rows === 1) return { frames: [], dead: [{ frame, error: first }], held: NOWHERE };
  const frames: EventFrame[] = [];
  const dead: DeadRows[] = [];
  for (let row = 0; row < frame.rows; row++) {
    const one = pickRows(frame, [row]);
    const made = await attempt(one, process, what);
    if (made instanceof EventFrame) frames.push(made);
    else dead.push({ frame: one, error: made });
  }
  return { frames, dead, held: NOWHERE };
}

async function attempt(
  frame: EventFrame,
  process: (frame: EventFrame) => Promise<EventFrame>,
  what: string,
): Promise<EventFrame | TenonError> {
  try {
    return await process(frame);
  } catch (error) {
    return asTenonError(error, 'ERR_TENON_CALL_FAILED', `${what} failed`);
  }
}

/** A stage that is a function in TypeScript. */
export class FunctionStage implements FlowStage {
  readonly name: string;
  readonly perStream = false;
  readonly #process: StageFunction;

  constructor(process: StageFunction, index: number) {
    this.name = process.name === '' ? `function ${index}` : process.name;
    this.#process = process;
  }

  process(frame: EventFrame): Promise<Processed> {
    const who = `The answer of stage ${this.name}`;
    const call = async (input: EventFrame): Promise<EventFrame> => {
      const made = await this.#process(keptFrame(input));
      if (made instanceof EventFrame) return made === input ? made : checkedOutput(made, input, who);
      throw new TenonError(
        'ERR_TENON_CONTRACT',
        `${who} is not a EventFrame. Return one that a FrameBuilder made.`,
      );
    };
    return rowByRow(frame, call, `Stage ${this.name}`);
  }

  async finish(): Promise<Processed> {
    return NOTHING;
  }

  async close(): Promise<void> {}
}

/** The result of a codec: a frame of the rows in `kept`, and the rows that have no result. */
export interface Converted {
  readonly frame: EventFrame | null;
  readonly kept: readonly number[];
  readonly empty: readonly number[];
  readonly dead: readonly { readonly row: number; readonly error: TenonError }[];
}

/** An instance of a codec. */
export interface CodecInstance {
  readonly method: Binding;
  close(): Promise<void>;
}

/** A codec: a plugin of the kind `codec/1` whose method takes each row. A row with an empty result is left out. */
export class CodecStage implements FlowStage {
  readonly name: string;
  readonly perStream = false;
  readonly #make: () => Promise<CodecInstance>;
  /** Undefined after a failure that disabled it, until another one is made. */
  #instance: CodecInstance | undefined;

  /** `make` makes another instance after one that is disabled. */
  constructor(name: string, instance: CodecInstance, make: () => Promise<CodecInstance>) {
    this.name = name;
    this.#instance = instance;
    this.#make = make;
  }

  async process(frame: EventFrame): Promise<Processed> {
    const { frame: made, dead } = await this.convert(frame);
    return {
      frames: made === null ? [] : [made],
      dead: dead.map(({ row, error }) => ({ frame: pickRows(frame, [row]), error })),
      held: NOWHERE,
    };
  }

  /** Converts all rows. A call that fails as a whole is made again, and then for each row alone. */
  async convert(frame: EventFrame): Promise<Converted> {
    const result = (await this.#all(frame)) ?? (await this.#all(frame)) ?? (await this.#each(frame));
    const kept: number[] = [];
    const empty: number[] = [];
    const dead: { row: number; error: TenonError }[] = [];
    for (let row = 0; row < frame.rows; row++) {
      const status = result.statuses[row] ?? Status.TENON_FAILED;
      if (status !== Status.TENON_OK)
        dead.push({ row, error: callError(status, `Codec ${this.name}`, textOf(result.get(row))) });
      else if (result.offsets[row] === result.offsets[row + 1]) empty.push(row);
      else kept.push(row);
    }
    return { frame: kept.length === 0 ? null : replaceValues(frame, result, kept), kept, empty, dead };
  }

  async finish(): Promise<Processed> {
    return NOTHING;
  }

  async close(): Promise<void> {
    const instance = this.#instance;
    this.#instance = undefined;
    await instance?.close();
  }

  /** Returns null if the call failed, or if it disabled the instance, which then failed for all later rows. */
  async #all(frame: EventFrame): Promise<BatchResult | null> {
    try {
      const { method } = await this.#ready();
      const result = await method.callMany(new Batch(frame.offsets, frame.data));
      if (!result.statuses.some(disables)) return result;
    } catch {
      // The next attempt has another instance.
    }
    await this.close().catch(() => undefined);
    return null;
  }

  async #ready(): Promise<CodecInstance> {
    this.#instance ??= await this.#make();
    return this.#instance;
  }

  async #each(frame: EventFrame): Promise<BatchResult> {
    const statuses = new Int32Array(frame.rows);
    const values: Uint8Array[] = [];
    for (let row = 0; row < frame.rows; row++) {
      try {
        values.push(await (await this.#ready()).method.call(frame.row(row)));
      } catch (thrown) {
        const error = asTenonError(thrown, 'ERR_TENON_CALL_FAILED', `Codec ${this.name} failed`);
        if (error.code !== 'ERR_TENON_CALL_FAILED') await this.close().catch(() => undefined);
        const { status, message } = error;
        statuses[row] = Status[status ?? 'TENON_FAILED'];
        values.push(Buffer.from(message));
      }
    }
    const { offsets, data } = Batch.of(values);
    return new BatchResult(offsets, data, statuses);
  }
}

/** Returns whether an instance that answered with a status is never called again. */
function disables(status: number): boolean {
  return status === Status.TENON_PANIC || status === Status.TENON_POISONED;
}

/**
 * Checks what a stage made of a frame: streams of the input only, and positions that never decrease and do not exceed
 * those of the input.
 * @throws TenonError ERR_TENON_CONTRACT
 */
export function checkedOutput(made: EventFrame, input: EventFrame, who: string): EventFrame {
  if (made.streams === null && input.streams === null)
    return checkedStream(made, input.stream, input.rows === 0 ? 0n : input.positionOf(input.rows - 1), who);
  checkEvents(made, who);
  const last = new Map<bigint, bigint>();
  for (let row = 0; row < input.rows; row++) last.set(input.streamOf(row), input.positionOf(row));
  const seen = new Map<bigint, bigint>();
  for (let row = 0; row < made.rows; row++) {
    const stream = made.streamOf(row);
    const position = made.positionOf(row);
    const most = last.get(stream);
    if (most === undefined)
      throw frameBreach(who, `row ${row} is of stream ${stream}, which its input lacks`);
    if (position > most || position < (seen.get(stream) ?? 0n))
      throw frameBreach(who, `row ${row} has position ${position}, which is out of order`);
    seen.set(stream, position);
  }
  return made;
}

/**
 * Checks what a stage made of one stream: rows of that stream, with positions that never decrease and do not exceed
 * `most`.
 * @throws TenonError ERR_TENON_CONTRACT
 */
export function checkedStream(made: EventFrame, stream: bigint, most: bigint, who: string): EventFrame {
  if (made.rows === 0) return made;
  const other = made.streams?.find((one) => one !== stream) ?? made.stream;
  if (other !== stream)
    throw frameBreach(who, `it has rows of stream ${other}, and the stream of its input is ${stream}`);
  checkEvents(made, who);
  const decreasing = made.positions === null ? -1 : firstDecrease(made.positions);
  if (decreasing >= 0) throw frameBreach(who, `row ${decreasing} has a smaller position than the row before`);
  const last = made.positionOf(made.rows - 1);
  if (last > most) throw frameBreach(who, `it has position ${last}, and the last of its input is ${most}`);
  return made;
}

/** Checks that no row ends its stream, which only sources do. @throws TenonError ERR_TENON_CONTRACT */
function checkEvents({ marks }: EventFrame, who: string): void {
  const row = marks?.findIndex((mark) => mark === Mark.end || mark === Mark.broken) ?? -1;
  if (row >= 0) throw frameBreach(who, `row ${row} ends its stream, which only a source does`);
}

/** Returns the first row whose position is less than the one before, or -1. Halves avoid a BigInt for each row. */
export function firstDecrease(positions: BigUint64Array, strict = false): number {
  const halves = new Uint32Array(positions.buffer, positions.byteOffset, positions.length * 2);
  for (let i = 2; i < halves.length; i += 2) {
    const high = halves[i + 1] as number;
    const before = halves[i - 1] as number;
    if (high > before) continue;
    const low = halves[i] as number;
    const lowBefore = halves[i - 2] as number;
    if (high < before || low < lowBefore || (strict && low === lowBefore)) return i / 2;
  }
  return -1;
}

/** A stage that is a plugin, with an instance for each stream: what the instance holds outlives its process. */
import { asTenonError, TenonError } from '../base/errors.js';
import { recycling } from '../base/recycled-memory.js';
import { type Instance, whenFresh } from '../host/instance.js';
import type { Plugin } from '../host/plugin.js';
import { EventFrame, Mark, NOWHERE } from './frame.js';
import { FrameBuilder, pickRows } from './frame-builder.js';
import { endFrameUse, receivedFrame, useFrame } from './frame-memory.js';
import type { POSTPROCESSOR, PREPROCESSOR } from './kinds.js';
import { Queue } from './queue.js';
import { checkedStream, type DeadRows, type FlowStage, NOTHING, type Processed } from './stage.js';

type StageKind = typeof PREPROCESSOR | typeof POSTPROCESSOR;

/** The most bytes of input that are kept for a fresh instance. */
const MOST_KEPT = 64 * 1024 * 1024;

/** A stage that is a plugin. */
export class PluginStage implements FlowStage {
  readonly name: string;
  readonly perStream = true;
  readonly #plugin: Plugin;
  readonly #kind: StageKind;
  readonly #config: object | string;
  readonly #streams = new Map<bigint, StreamStage>();

  constructor(name: string, plugin: Plugin, kind: StageKind, config: object | string) {
    this.name = name;
    this.#plugin = plugin;
    this.#kind = kind;
    this.#config = config;
  }

  process(frame: EventFrame): Promise<Processed> {
    let stage = this.#streams.get(frame.stream);
    if (stage === undefined) {
      stage = new StreamStage(this.name, this.#plugin, this.#kind, this.#config);
      this.#streams.set(frame.stream, stage);
    }
    return stage.process(frame);
  }

  async finish(stream: bigint, last: bigint): Promise<Processed> {
    const stage = this.#streams.get(stream);
    if (stage === undefined) return NOTHING;
    try {
      return await stage.finish(stream, last);
    } finally {
      this.#streams.delete(stream);
      await stage.close();
    }
  }

  async close(): Promise<void> {
    const all = [...this.#streams.values()];
    this.#streams.clear();
    await Promise.all(all.map((stage) => stage.close()));
  }
}

/** The instance of one stream. */
class StreamStage {
  readonly #who: string;
  readonly #plugin: Plugin;
  readonly #kind: StageKind;
  readonly #config: object | string;
  #instance: Instance | undefined;
  /**
   * The number of times that the instance lost what it held: its process ended, or it was reloaded. If it changes during
   * a call, a fresh instance answered.
   */
  #exits = 0;
  /** The input that the instance would need again. What came out of it is not passed on a second time. */
  readonly #kept = new Queue<EventFrame>();
  #keptBytes = 0;
  /** The last position of input that was too much to be kept. */
  #dropped: bigint | null = null;
  #held = NOWHERE;
  /** The position of the last row that came out. */
  #lastOut: bigint | null = null;

  constructor(name: string, plugin: Plugin, kind: StageKind, config: object | string) {
    this.#who = `Stage ${name}`;
    this.#plugin = plugin;
    this.#kind = kind;
    this.#config = config;
  }

  async process(frame: EventFrame): Promise<Processed> {
    const first = await this.#twice(frame);
    if (first instanceof EventFrame)
      return { frames: first.rows === 0 ? [] : [first], dead: [], held: this.#held };
    if (frame.rows === 1)
      return { frames: [], dead: [{ frame: useFrame(frame), error: first }], held: this.#held };
    const frames: EventFrame[] = [];
    const dead: DeadRows[] = [];
    for (let row = 0; row < frame.rows; row++) {
      const one = pickRows(frame, [row]);
      const made = await this.#twice(one);
      if (!(made instanceof EventFrame)) dead.push({ frame: one, error: made });
      else if (made.rows > 0) frames.push(made);
    }
    return { frames, dead, held: this.#held };
  }

  async finish(stream: bigint, last: bigint): Promise<Processed> {
    const input = Buffer.alloc(8);
    input.writeBigUInt64LE(stream);
    const made = await this.#attempts(async () => {
      const instance = await this.#ready();
      return this.#read(await instance.as(this.#kind).finish(input), stream, last);
    });
    this.#held = NOWHERE;
    if (made instanceof EventFrame) return { frames: made.rows === 0 ? [] : [made], dead: [], held: NOWHERE };
    const lost = [...this.#kept].map((frame) => ({ frame: useFrame(frame), error: made }));
    return { frames: [], dead: lost, held: NOWHERE };
  }

  async close(): Promise<void> {
    const instance = this.#instance;
    this.#instance = undefined;
    await instance?.close().catch(() => undefined);
  }

  /** Processes a frame, once more with a fresh instance if that fails. Returns the error of the second time. */
  async #twice(frame: EventFrame): Promise<EventFrame | TenonError> {
    const made = await this.#attempts(() => this.#call(frame));
    if (made instanceof EventFrame) this.#keep(frame, made);
    return made;
  }

  async #attempts(work: () => Promise<EventFrame>): Promise<EventFrame | TenonError> {
    let error: TenonError | undefined;
    for (let failures = 0; failures < 2; ) {
      const exits = this.#exits;
      try {
        const made = await work();
        if (exits === this.#exits) return made;
        // The process ended in between: a fresh instance answered, which lacked what was held.
        await this.close();
      } catch (thrown) {
        error = asTenonError(thrown, 'ERR_TENON_CALL_FAILED', `${this.#who} failed`);
        failures += error.status === 'TENON_INVALID' ? 2 : 1;
        await this.close();
        if (this.#plugin.state === 'failed') await this.#plugin.restart();
      }
    }
    return error ?? new TenonError('ERR_TENON_CALL_FAILED', `${this.#who} failed`);
  }

  async #call(frame: EventFrame): Promise<EventFrame> {
    const instance = await this.#ready();
    const bytes = await recycling(() => instance.as(this.#kind).process(frame.bytes));
    return this.#read(bytes, frame.stream, frame.positionOf(frame.rows - 1));
  }

  #read(bytes: Uint8Array, stream: bigint, most: bigint): EventFrame {
    const who = `The answer of ${this.#who.toLowerCase()}`;
    if (bytes.length === 0) return new FrameBuilder().build();
    return checkedStream(receivedFrame(bytes, who), stream, most, who);
  }

  /** Returns the instance. A fresh one first gets what the last one held. */
  async #ready(): Promise<Instance> {
    if (this.#instance !== undefined) return this.#instance;
    const instance = await this.#plugin.new(this.#config);
    instance.on('exit', () => {
      if (this.#instance === instance || this.#instance === undefined) this.#exits += 1;
      if (this.#instance === instance) this.#instance = undefined;
      void instance.close().catch(() => undefined);
    });
    whenFresh(instance, () => {
      if (this.#instance === instance || this.#instance === undefined) this.#exits += 1;
      if (this.#instance === instance) this.#instance = undefined;
      // After the calls that waited for the reload, whose answers are of no use.
      setImmediate(() => void instance.close().catch(() => undefined));
    });
    try {
      await this.#restore(instance);
    } catch (error) {
      await instance.close().catch(() => undefined);
      throw error;
    }
    this.#instance = instance;
    return instance;
  }

  async #restore(instance: Instance): Promise<void> {
    if (this.#held === NOWHERE) return;
    if (this.#dropped !== null && this.#held <= this.#dropped)
      throw new TenonError(
        'ERR_TENON_CRASHED',
        `${this.#who} cannot be restored: it held more than ${MOST_KEPT} bytes of input when its process ended. Restart the flow, which continues at the last checkpoint.`,
      );
    const after = this.#lastOut !== null && this.#lastOut < this.#held ? this.#lastOut : null;
    for (const frame of this.#kept) {
      const again = trimmed(frame, this.#held, after);
      if (again.rows > 0) await instance.as(this.#kind).process(again.bytes);
    }
  }

  /** Keeps the input that a fresh instance would need. */
  #keep(frame: EventFrame, made: EventFrame): void {
    const { held } = made;
    this.#held = held;
    if (made.rows > 0) this.#lastOut = made.positionOf(made.rows - 1);
    if (held !== NOWHERE) {
      this.#kept.push(useFrame(frame));
      this.#keptBytes += frame.bytes.length;
    }
    for (let head = this.#kept.first; head !== undefined; head = this.#kept.first) {
      const last = head.positionOf(head.rows - 1);
      const needed = last >= held && held !== NOWHERE;
      if (needed && this.#keptBytes <= MOST_KEPT) return;
      if (needed) this.#dropped = last;
      this.#kept.shift();
      this.#keptBytes -= head.bytes.length;
      endFrameUse(head);
    }
  }
}

/** Returns the rows from position `held` on. The bytes of pieces up to position `after` are cut off. */
function trimmed(frame: EventFrame, held: bigint, after: bigint | null): EventFrame {
  const builder = new FrameBuilder();
  for (let row = 0; row < frame.rows; row++) {
    const position = frame.positionOf(row);
    if (position < held) continue;
    const bytes = frame.row(row);
    const start = position - BigInt(bytes.length);
    const cut = frame.markOf(row) === Mark.piece && after !== null && after > start;
    builder.addFrom(frame, row, cut ? bytes.subarray(Number(after - start)) : bytes);
  }
  return builder.build();
}

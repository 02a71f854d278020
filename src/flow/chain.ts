/** The stages between a source and its ledger: what becomes of a frame that was pulled. */
import { TenonError } from '../base/errors.js';
import { type EventFrame, Mark, NOWHERE } from './frame.js';
import { pickRows } from './frame-builder.js';
import { endFrameUse, useFrame } from './frame-memory.js';
import type { Run } from './parcel.js';
import type { DeadRows, FlowStage, Processed } from './stage.js';

/** A frame for the ledger, or null for runs without rows. */
export interface LedgerEntry {
  readonly frame: EventFrame | null;
  readonly runs: readonly Run[];
}

/** The outcome of a frame that was pulled. */
export interface ChainResult {
  /** The frames that came out, in order. The last run of a stream says how far is safe. */
  readonly entries: readonly LedgerEntry[];
  readonly dead: readonly DeadRows[];
  /** The number of events that stages of the flow left out. */
  readonly filtered: number;
}

/** The result of the frames of one stream, or of a whole frame of several streams. */
interface Passed {
  readonly frames: readonly EventFrame[];
  readonly dead: readonly DeadRows[];
  readonly held: bigint;
  readonly filtered: number;
}

/** The stages of a flow before its ledger. */
export class Chain {
  readonly #stages: readonly FlowStage[];
  /** The first stage of the flow itself: from there on, rows that are left out are filtered events. */
  readonly #events: number;
  readonly #split: boolean;
  readonly #time: (stage: string, ms: number) => void;

  constructor(
    before: readonly FlowStage[],
    pipe: readonly FlowStage[],
    time: (stage: string, ms: number) => void,
  ) {
    this.#stages = [...before, ...pipe];
    this.#events = before.length;
    this.#split = this.#stages.some((stage) => stage.perStream);
    this.#time = time;
  }

  /** Passes a frame through all stages. Streams that end are finished. The caller has a use of each frame that comes out. */
  async process(frame: EventFrame): Promise<ChainResult> {
    const results: ChainResult[] = [];
    for (const part of partsOf(frame, this.#split)) results.push(await this.#part(part));
    return merged(results);
  }

  /** Finishes a stream that did not end by itself. */
  async finish(stream: bigint, last: bigint): Promise<ChainResult> {
    return resultOf(await this.#finish(stream, last), stream, last, { fine: false, ends: true });
  }

  /** Drops all instances. */
  async close(): Promise<void> {
    await Promise.all(this.#stages.map((stage) => stage.close()));
  }

  async #part(part: FramePart): Promise<ChainResult> {
    if ('rows' in part) {
      const passed = await this.#pass(part.rows, 0);
      if (part.rows.streams !== null) return resultOfMany(passed, part.rows);
      const fine = !this.#split || part.rows.markOf(0) === Mark.piece;
      const last = part.rows.positionOf(part.rows.rows - 1);
      return resultOf(passed, part.rows.stream, last, { fine, ends: false });
    }
    const { stream, position, broken } = part;
    const passed = await this.#finish(stream, position);
    return resultOf(broken ? withoutRest(passed) : passed, stream, position, { fine: false, ends: true });
  }

  async #pass(frame: EventFrame, from: number): Promise<Passed> {
    let frames: readonly EventFrame[] = [useFrame(frame)];
    const dead: DeadRows[] = [];
    let held = NOWHERE;
    let filtered = 0;
    for (let index = from; index < this.#stages.length; index++) {
      const stage = this.#stages[index] as FlowStage;
      const before = rowsOf(frames);
      const made: Processed[] = [];
      const began = performance.now();
      for (const one of frames) {
        made.push(await stage.process(one));
        endFrameUse(one);
      }
      this.#time(stage.name, performance.now() - began);
      frames = made.flatMap((result) => result.frames).filter(({ rows }) => rows > 0);
      for (const result of made) {
        dead.push(...result.dead);
        if (result.held < held) held = result.held;
      }
      if (index >= this.#events) {
        const lost = made.reduce((sum, result) => sum + deadRows(result.dead), 0);
        filtered += Math.max(0, before - rowsOf(frames) - lost);
      }
    }
    return { frames, dead, held, filtered };
  }

  async #finish(stream: bigint, last: bigint): Promise<Passed> {
    const all: Passed[] = [];
    for (const [index, stage] of this.#stages.entries()) {
      const { frames, dead } = await stage.finish(stream, last);
      all.push({ frames: [], dead, held: NOWHERE, filtered: 0 });
      for (const frame of frames) {
        all.push(await this.#pass(frame, index + 1));
        endFrameUse(frame);
      }
    }
    return {
      frames: all.flatMap(({ frames }) => frames),
      dead: all.flatMap(({ dead }) => dead),
      held: NOWHERE,
      filtered: all.reduce((sum, { filtered }) => sum + filtered, 0),
    };
  }
}

/** Rows to process, or the end of a stream. */
type FramePart =
  | { readonly rows: EventFrame }
  | { readonly stream: bigint; readonly position: bigint; readonly broken: boolean };

/** Splits a frame at the ends of streams, and by streams if `split` is true. */
function partsOf(frame: EventFrame, split: boolean): FramePart[] {
  if (frame.rows === 0) return [];
  const { marks } = frame;
  if (marks === null && (!split || frame.streams === null)) return [{ rows: frame }];
  const isEnd = (row: number): boolean => marks?.[row] === Mark.end || marks?.[row] === Mark.broken;
  if (!split && !marks?.some((_, row) => isEnd(row))) return [{ rows: frame }];
  if (frame.streams === null && !marks?.some((_, row) => isEnd(row))) return [{ rows: frame }];
  const byStream = new Map<bigint, number[]>();
  const parts: FramePart[] = [];
  const flush = (stream: bigint): void => {
    const rows = byStream.get(stream) ?? [];
    byStream.delete(stream);
    if (rows.length > 0) parts.push({ rows: pickRows(frame, rows) });
  };
  for (let row = 0; row < frame.rows; row++) {
    const stream = frame.streamOf(row);
    if (!isEnd(row)) {
      const rows = byStream.get(stream);
      if (rows === undefined) byStream.set(stream, [row]);
      else rows.push(row);
      continue;
    }
    flush(stream);
    parts.push({ stream, position: frame.positionOf(row), broken: frame.markOf(row) === Mark.broken });
  }
  for (const stream of [...byStream.keys()]) flush(stream);
  return parts;
}

/** Makes what was left of a broken stream dead: it is only a part of an event. */
function withoutRest(passed: Passed): Passed {
  const dead = passed.frames.map((frame) => ({ frame, error: broken(frame.stream) }));
  return { ...passed, frames: [], dead: [...passed.dead, ...dead] };
}

function broken(stream: bigint): TenonError {
  const message = `Stream ${stream} was cut off: this is what was left of its last event.`;
  return new TenonError('ERR_TENON_CALL_FAILED', message, { status: 'TENON_INVALID' });
}

function resultOf(
  { frames, dead, held, filtered }: Passed,
  stream: bigint,
  last: bigint,
  { fine, ends }: { fine: boolean; ends: boolean },
): ChainResult {
  const end = held === NOWHERE ? last : lastBelow(frames, held);
  const runOf = (rows: number, isLast: boolean): Run => ({
    ...{ stream, held, fine, from: 0, to: rows },
    safe: isLast ? end : null,
    ends: isLast && ends,
  });
  const entries: LedgerEntry[] = frames.map((frame, index) => ({
    frame,
    runs: [runOf(frame.rows, index === frames.length - 1)],
  }));
  if (frames.length === 0) entries.push({ frame: null, runs: [runOf(0, true)] });
  return { entries, dead, filtered };
}

/** Returns the largest position of a row below `held`. */
function lastBelow(frames: readonly EventFrame[], held: bigint): bigint | null {
  for (const frame of [...frames].reverse())
    for (let row = frame.rows - 1; row >= 0; row--) {
      const position = frame.positionOf(row);
      if (position < held) return position;
    }
  return null;
}

/** The result of a frame of several streams, which passed no stage that keeps state. */
function resultOfMany({ frames, dead, filtered }: Passed, input: EventFrame): ChainResult {
  const last = new Map<bigint, bigint>();
  for (let row = 0; row < input.rows; row++) last.set(input.streamOf(row), input.positionOf(row));
  const runs = [...last].map(([stream, safe]) => ({
    ...{ stream, safe, held: NOWHERE, fine: false, from: 0, to: 0, ends: false },
  }));
  const entries: LedgerEntry[] = frames.map((frame) => ({ frame, runs: runsOf(frame) }));
  return { entries: [...entries, { frame: null, runs }], dead, filtered };
}

function runsOf(frame: EventFrame): Run[] {
  const runs: Run[] = [];
  for (let from = 0, to = 1; from < frame.rows; from = to++) {
    const stream = frame.streamOf(from);
    while (to < frame.rows && frame.streamOf(to) === stream) to += 1;
    runs.push({ stream, from, to, safe: null, fine: true, held: NOWHERE, ends: false });
  }
  return runs;
}

function merged(results: readonly ChainResult[]): ChainResult {
  const [first] = results;
  if (results.length === 1 && first !== undefined) return first;
  return {
    entries: results.flatMap(({ entries }) => entries),
    dead: results.flatMap(({ dead }) => dead),
    filtered: results.reduce((sum, { filtered }) => sum + filtered, 0),
  };
}

function rowsOf(frames: readonly EventFrame[]): number {
  return frames.reduce((sum, { rows }) => sum + rows, 0);
}

function deadRows(dead: readonly DeadRows[]): number {
  return dead.reduce((sum, { frame }) => sum + frame.rows, 0);
}

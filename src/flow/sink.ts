/** Sinks of a flow: their settings, their counters, and how frames are prepared for them. */
import { TenonError } from '../base/errors.js';
import type { Contra } from './contra.js';
import type { ReconnectOptions } from './pauses.js';
import type { Refused, Shipment } from './shipment.js';

/** The settings of a sink. */
export interface SinkSettings {
  readonly name: string;
  readonly required: boolean;
  /** Milliseconds until an answer must have come. */
  readonly ackTimeout: number;
  /** The number of times that rows are written which fail, before they are given up. */
  readonly attempts: number;
  /** The most rows that wait; more are dropped. Infinity for required sinks. */
  readonly bufferRows: number;
  readonly reconnect: ReconnectOptions;
}

/** The counters of a sink. At all times `in` is the sum of `delivered`, `dead`, `dropped` and `waiting`. */
export interface SinkCounts {
  /** The events that the flow had for the sink. */
  readonly in: number;
  /** The events that the sink has. */
  readonly delivered: number;
  /** The events that the sink never accepts. */
  readonly dead: number;
  /** The events for which its buffer had no room. */
  readonly dropped: number;
  /** The events that wait for the sink or for its answer. */
  readonly waiting: number;
  /** The number of events that were written again. */
  readonly redelivered: number;
}

/** A row that blocks a sink, because it is never accepted and there are no dead letters. */
export interface Blockage {
  readonly stream: bigint;
  readonly position: bigint;
  readonly error: TenonError;
}

/** Frames to write, and rows that cannot be written. */
export interface Shaped {
  readonly shipments: readonly Shipment[];
  readonly refused: readonly Refused[];
}

/** Prepares frames for a sink: encodes them, and passes them through postprocessors. */
export interface Shaper {
  shape(original: Shipment): Promise<Shaped>;
  /** Returns what postprocessors still have. */
  finish(): Promise<Shaped>;
  close(): Promise<void>;
}

/** Returns the error for a `fail` of a sink's answer. */
export function answerError(name: string, { status, stream, first, last }: Required<Contra>): TenonError {
  const range = first === last ? `row ${first}` : `rows ${first} to ${last}`;
  return new TenonError(
    'ERR_TENON_CALL_FAILED',
    `Sink ${name} failed ${range} of stream ${stream} with ${status}.`,
    {
      status,
    },
  );
}

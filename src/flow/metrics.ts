/** The metrics of a flow. */
import type { TenonError } from '../base/errors.js';
import type { Percentiles } from './histograms.js';
import type { LedgerCounts } from './ledger.js';
import type { SinkCounts } from './sink.js';
import type { Circuit } from './sink-connection.js';
import type { SourceState } from './source-manager.js';

/** The state of a flow. */
export type FlowState = 'running' | 'paused' | 'blocked' | 'draining' | 'ended';

/** Why nothing moves, or why nothing is pulled. */
export interface Blocker {
  /** The name of the source, stage or sink. */
  readonly name: string;
  /**
   * `row`: a row is never accepted, and there are no dead letters. `slow`: the flow is full and waits for this sink.
   * `closed`: there is no connection. `stopped`: the sink asked for a stop.
   */
  readonly why: 'row' | 'slow' | 'closed' | 'stopped';
  /** The stream of the row. */
  readonly stream?: bigint;
  /** The position of the row. */
  readonly position?: bigint;
  /** The error of the row or of the connection. */
  readonly error?: TenonError;
}

/** The metrics of a sink. All times are in microseconds. */
export interface SinkMetrics extends SinkCounts {
  readonly required: boolean;
  readonly circuit: Circuit;
  readonly reconnects: number;
  /** The time from a write to its answer. */
  readonly latency: Percentiles;
}

/**
 * The metrics of a flow. All times are in microseconds. At all times `in` is the sum of `delivered`, `dead`, `filtered`
 * and `inFlight`.
 */
export interface FlowMetrics extends LedgerCounts {
  readonly name: string;
  readonly state: FlowState;
  /** The events that passed the stages. */
  readonly out: number;
  /** The events for which optional sinks had no room. */
  readonly dropped: number;
  /** The number of events that were written to a sink again. */
  readonly redelivered: number;
  /** The bytes of the frames in flight. */
  readonly inFlightBytes: number;
  /** The part for which the flow waits; null while it moves. */
  readonly blockedOn: Blocker | null;
  readonly source: {
    readonly name: string;
    readonly state: SourceState;
    /** The rows that were pulled. */
    readonly rows: number;
    readonly reconnects: number;
  };
  /** The sinks by name. The sink of dead letters is one of them. */
  readonly sinks: Readonly<Record<string, SinkMetrics>>;
  /** The time that each stage needed for a frame. */
  readonly stages: Readonly<Record<string, Percentiles>>;
  /** The time from the source's reading of an event until it ended. */
  readonly latency: Percentiles;
  /** The number of times that the checkpoint was written. */
  readonly checkpoints: number;
}

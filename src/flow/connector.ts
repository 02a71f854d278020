/** Connectors and stages in TypeScript: the interfaces that classes implement, and how they fail. */
import type { StatusName } from '../base/abi.js';
import { TenonError } from '../base/errors.js';
import type { Contra, Credit, Promises } from './contra.js';
import type { EventFrame } from './frame.js';

/** The services of a flow for a connector in TypeScript. */
export interface ConnectorContext {
  /** The name of the flow. */
  readonly flow: string;
  /** The name of the flow's source. */
  readonly source: string;
  /** Asks the host to call again: `pull` of a source that was idle, `contraflow` of a sink. It may be called any time. */
  wake(): void;
}

/**
 * A source in TypeScript. Methods may return promises. `connect` and `pull` are called one at a time; `contraflow` may
 * come while a pull is pending.
 */
export interface SourceConnector {
  /**
   * Connects. The streams in `resume` are continued after those positions.
   * @throws the error of {@link failure} with `TENON_CLOSED` if there is no connection now
   */
  connect(resume: ReadonlyMap<bigint, bigint>): Promises | undefined | Promise<Promises | undefined>;
  /** Returns what there is, at most so much. Positions must rise in each stream. */
  pull(credit: Credit): EventFrame | Promise<EventFrame>;
  /** Receives acknowledgements and other messages against the flow. */
  contraflow?(messages: readonly Required<Contra>[]): void | Promise<void>;
  /** Ends the source. It is called once, and nothing after it. */
  close?(): void | Promise<void>;
}

/** The answer of a sink: nothing if all rows are delivered, or else the answers for ranges of positions. */
export type SinkAnswer = readonly Contra[] | undefined;

/**
 * A sink in TypeScript. Methods may return promises. `connect` and `write` are called one at a time; `contraflow` may
 * come while a write is pending.
 */
export interface SinkConnector {
  /** Connects. @throws the error of {@link failure} with `TENON_CLOSED` if there is no connection now */
  connect?(): Promises | undefined | Promise<Promises | undefined>;
  /**
   * Takes a frame. Rows that no `ack` or `fail` of the answer covers are answered later, by `contraflow`.
   * @throws the error of {@link failure}; another error counts as `TENON_FAILED`
   */
  write(frame: EventFrame): SinkAnswer | Promise<SinkAnswer>;
  /** Receives messages, often none, and returns the answers that there are now. */
  contraflow?(messages: readonly Required<Contra>[]): SinkAnswer | Promise<SinkAnswer>;
  /** Ends the sink. It is called once, and nothing after it. */
  close?(): void | Promise<void>;
}

/** A class of sources. It gets the config of its definition, whatever type it expects. */
export type SourceClass = new (config: never, context: ConnectorContext) => SourceConnector;
/** A class of sinks. It gets the config of its definition, whatever type it expects. */
export type SinkClass = new (config: never, context: ConnectorContext) => SinkConnector;

/** A stage in TypeScript: returns a frame of what becomes of the rows. Rows that it leaves out are filtered. */
export type StageFunction = (frame: EventFrame) => EventFrame | Promise<EventFrame>;

/**
 * Returns the error with which a connector in TypeScript fails: `TENON_CLOSED` for no connection, `TENON_BUSY` for
 * nothing consumed, `TENON_INVALID` for rows that are never accepted, `TENON_FAILED` for a call that may be repeated.
 *
 * ```js
 * throw failure('TENON_CLOSED', 'the server does not answer');
 * ```
 */
export function failure(status: Exclude<StatusName, 'TENON_OK'>, message: string): TenonError {
  return new TenonError('ERR_TENON_CALL_FAILED', message, { status });
}

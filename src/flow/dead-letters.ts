/** Dead letters: events that a stage cannot process or a sink never accepts, with the reason. */
import type { TenonError } from '../base/errors.js';
import type { Contra } from './contra.js';
import type { EventFrame } from './frame.js';
import { FrameBuilder } from './frame-builder.js';
import type { Ledger } from './ledger.js';
import type { Refused } from './shipment.js';
import type { Blockage } from './sink.js';
import type { SinkManager } from './sink-manager.js';
import type { DeadRows } from './stage.js';

/** The metadata of a dead letter, in the column `meta` of its frame. The bytes are those of the event. */
export interface DeadLetter {
  readonly flow: string;
  readonly source: string;
  readonly stream: string;
  readonly position: string;
  /** The name of the sink or stage. */
  readonly at: string;
  /** The code of the error. */
  readonly code: string;
  readonly status?: string;
  readonly message: string;
  /** The crash report, if the event ended the plugin's process. */
  readonly report?: unknown;
  /** The event's own metadata. */
  readonly meta?: unknown;
}

/** Makes the frame of dead letters. */
function deadLetters(
  frame: EventFrame,
  rows: readonly number[],
  error: TenonError,
  place: { readonly flow: string; readonly source: string; readonly at: string },
): EventFrame {
  const builder = new FrameBuilder();
  for (const row of rows) {
    const [stream, position] = [frame.streamOf(row), frame.positionOf(row)];
    const own = frame.metaOf(row);
    const meta: DeadLetter = {
      ...{
        flow: place.flow,
        source: place.source,
        stream: `${stream}`,
        position: `${position}`,
        at: place.at,
      },
      ...{ code: error.code, message: error.message },
      ...(error.status === undefined ? {} : { status: error.status }),
      ...(error.report === undefined ? {} : { report: error.report.toJSON() }),
      ...(own === '' ? {} : { meta: JSON.parse(own) as unknown }),
    };
    const options = { stream, position, ingestNs: frame.ingestOf(row) };
    try {
      builder.add(frame.row(row), { ...options, meta });
    } catch {
      // Metadata that can be parsed may still be nested too deeply to be written. Its text has the same content.
      builder.add(frame.row(row), { ...options, meta: { ...meta, meta: own } });
    }
  }
  return builder.build();
}

/** The origin of dead letters. */
interface Origin {
  readonly flow: string;
  readonly source: string;
}

/** Brings dead letters of a flow to their sink. An event has ended when that sink has it. */
export class DeadLetterOffice {
  readonly #origin: Origin;
  readonly #sink: SinkManager | null;
  readonly #ledger: Ledger;
  readonly #report: (messages: readonly Contra[]) => void;
  #blockage: (Blockage & { readonly name: string }) | undefined;

  /** `report` receives the positions that became dead letters, for the source. */
  constructor(
    origin: Origin,
    sink: SinkManager | null,
    ledger: Ledger,
    report: (messages: readonly Contra[]) => void,
  ) {
    this.#origin = origin;
    this.#sink = sink;
    this.#ledger = ledger;
    this.#report = report;
  }

  /** The row that a stage cannot process, if there is no sink for it. It blocks the flow. */
  get blockage(): (Blockage & { readonly name: string }) | undefined {
    return this.#blockage;
  }

  /** Takes rows that a stage could not process. Without a sink, they block the flow. */
  takeRows({ frame, error }: DeadRows): void {
    const { stream, position, rows } = frame;
    // Later runs are acknowledged after this one, and say how far is safe.
    const run = { stream, from: 0, to: rows, safe: null, fine: false, held: 0n, ends: false };
    const parcel = this.#ledger.enter(frame, [run], 1);
    const at = error.plugin ?? 'stage';
    if (this.#sink === null) {
      this.#blockage ??= { name: at, stream, position, error };
      return;
    }
    const all = Array.from({ length: rows }, (_, row) => row);
    this.#sink.offer(deadLetters(frame, all, error, { ...this.#origin, at }), (some) =>
      some === null ? parcel.settle('dead') : parcel.settleRows(some, 'dead'),
    );
  }

  /** Takes rows that a sink never accepts. */
  takeRefused(at: string, { shipment, rows, error }: Refused): void {
    const given = shipment.handOver(rows);
    if (this.#sink === null || given.rows.length === 0) return;
    const letters = deadLetters(shipment.frame, given.rows, error, { ...this.#origin, at });
    let left = given.rows.length;
    this.#sink.offer(letters, (ended) => {
      left -= ended?.length ?? letters.rows;
      if (left === 0) given.end('dead');
    });
    this.#report(failures(shipment.frame, given.rows, error));
  }
}

function failures(
  frame: EventFrame,
  rows: readonly number[],
  { status = 'TENON_FAILED' }: TenonError,
): Contra[] {
  return rows.map((row) => {
    const position = frame.positionOf(row);
    return { what: 'fail', status, stream: frame.streamOf(row), first: position, last: position };
  });
}

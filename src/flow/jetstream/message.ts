/** The events in a message of JetStream. */
import { asTenonError } from '../../base/errors.js';
import type { Credit } from '../contra.js';
import { EVENTS, EventFrame, Mark, NOWHERE } from '../frame.js';

/** The events of one message, in order. */
export interface MessageEvents {
  /** The number of events. */
  readonly length: number;
  /** The next event to pull. */
  next: number;
  /** The message, if it is a frame of which every row is an event. */
  readonly whole: EventFrame | null;
  at(index: number): { readonly data: Uint8Array; readonly meta?: unknown; readonly ingestNs: bigint };
}

/**
 * Returns the events of a message. A message of another program is one event. So is a frame that violates the layout:
 * the reason is in its metadata, and a stage can sort it out, because the server would only send it again.
 */
export function eventsOf(data: Uint8Array, isFrame: boolean, stored: bigint): MessageEvents {
  if (!isFrame) return single(data, stored, undefined);
  let frame: EventFrame;
  try {
    frame = new EventFrame(data, 'The message');
  } catch (error) {
    const { code, message } = asTenonError(error, 'ERR_TENON_CONTRACT', 'The message is malformed');
    return single(data, stored, { code, message });
  }
  const rows: number[] = [];
  for (let row = 0; row < frame.rows; row++) {
    const mark = frame.markOf(row);
    if (mark !== Mark.end && mark !== Mark.broken) rows.push(row);
  }
  return {
    length: rows.length,
    next: 0,
    whole: rows.length === frame.rows ? frame : null,
    at: (index) => {
      const row = rows[index] ?? 0;
      const meta = frame.metaOf(row);
      const event = { data: frame.row(row), ingestNs: frame.ingestOf(row) };
      return meta === '' ? event : { ...event, meta: JSON.parse(meta) as unknown };
    },
  };
}

function single(data: Uint8Array, ingestNs: bigint, meta: unknown): MessageEvents {
  return {
    length: 1,
    next: 0,
    whole: null,
    at: () => (meta === undefined ? { data, ingestNs } : { data, ingestNs, meta }),
  };
}

/**
 * Returns the frame of a message with that number as its stream and positions from 1. The columns stay where they are, so
 * this takes no time for each event. Returns null if the message was pulled in part or does not fit into the credit.
 */
export function wholeMessage(events: MessageEvents, stream: bigint, credit: Credit): EventFrame | null {
  const { whole, next } = events;
  if (whole === null || next > 0 || whole.rows > credit.rows || whole.data.length > credit.bytes) return null;
  const bytes = new Uint8Array(whole.bytes);
  const words = new Uint32Array(bytes.buffer, 0, EVENTS.size / 4);
  const longs = new BigUint64Array(bytes.buffer, 0, EVENTS.size / 8);
  const { word, long } = EVENTS;
  for (const column of ['streams', 'positions', 'marks', 'state'] as const) words[word[column]] = 0;
  longs[long.stream] = stream;
  longs[long.position] = 1n;
  longs[long.held] = NOWHERE;
  return new EventFrame(bytes, 'The message');
}

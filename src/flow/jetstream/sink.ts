/** A sink that stores frames in a JetStream stream. One frame is one message. */
import { createHash } from 'node:crypto';
import { checkKnown, checkMilliseconds, checkString, readOptions } from '../../base/options.js';
import { type ConnectorContext, failure, type SinkConnector } from '../connector.js';
import type { Contra, Promises } from '../contra.js';
import type { EventFrame } from '../frame.js';
import { pickRows } from '../frame-builder.js';
import { type Client, type JetStreamServer, messageOf, openClient } from './client.js';

/** The config of the sink `jetstream`. */
export interface JetStreamSinkConfig extends JetStreamServer {
  /** The subject of the messages. A stream of the server must have it. */
  readonly subject: string;
  /** Milliseconds until a full stream is tried again. Default 100. */
  readonly retry?: number;
}

const OPTIONS = ['servers', 'connection', 'subject', 'retry'];
/** The room that headers need in a message, in bytes. */
const HEADERS = 1024;
/** The codes of JetStream for a stream that is full, and for a server that lacks resources. */
const FULL = new Set([10_077, 10_122, 10_047, 10_023]);

/**
 * Stores frames. The id of a message has flow, source, stream and positions, so the server drops a frame that is
 * written again within the stream's `duplicate_window`.
 */
export class JetStreamSink implements SinkConnector {
  readonly #config: JetStreamSinkConfig;
  readonly #context: ConnectorContext;
  #client: Client | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(config: JetStreamSinkConfig, context: ConnectorContext) {
    const read = readOptions('config', config);
    checkKnown('the sink jetstream', read, OPTIONS, 'config.');
    checkString('config.subject', read.subject);
    if (read.retry !== undefined) checkMilliseconds('config.retry', read.retry);
    this.#config = read;
    this.#context = context;
  }

  async connect(): Promise<Promises> {
    await this.close();
    const client = await openClient(this.#config);
    try {
      const stream = await client.manager.streams.find(this.#config.subject);
      const { config } = await client.manager.streams.info(stream);
      this.#client = client;
      return { durable: config.storage === client.library.StorageType.File };
    } catch (error) {
      await client.connection.close();
      const { subject } = this.#config;
      throw failure(
        'TENON_CLOSED',
        `no stream of the server has the subject '${subject}': ${messageOf(error)}`,
      );
    }
  }

  async write(frame: EventFrame): Promise<readonly Contra[] | undefined> {
    const client = this.#client;
    if (client === undefined) throw failure('TENON_CLOSED', 'not connected');
    const most = (client.connection.info?.max_payload ?? 1024 * 1024) - HEADERS;
    const parts = partsOf(frame, most);
    const refused: Contra[] = [];
    const stored: Contra[] = [];
    for (const [index, part] of parts.entries()) {
      if (part.bytes.length > most) {
        for (const range of rangesOf(part)) refused.push({ what: 'fail', status: 'TENON_INVALID', ...range });
        continue;
      }
      await this.#publish(client, part, index);
      stored.push(...rangesOf(part).map((range): Contra => ({ what: 'ack', ...range })));
    }
    return refused.length === 0 ? undefined : [...stored, ...refused];
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    const client = this.#client;
    this.#client = undefined;
    if (client !== undefined && !client.connection.isClosed()) await client.connection.close();
  }

  async #publish({ js, library }: Client, frame: EventFrame, index: number): Promise<void> {
    const { flow, source } = this.#context;
    const { headers } = await import('@nats-io/transport-node');
    const head = headers();
    head.set('Tenon-Frame', '1');
    try {
      await js.publish(this.#config.subject, frame.bytes, {
        msgID: `${flow}/${source}/${keyOf(frame)}/${index}`,
        headers: head,
      });
    } catch (error) {
      // Without an answer of JetStream, the events are not to blame, however long that lasts.
      if (!(error instanceof library.JetStreamApiError))
        throw failure('TENON_CLOSED', `the server did not answer: ${messageOf(error)}`);
      if (!FULL.has(error.code))
        throw failure('TENON_FAILED', `the message was not stored: ${messageOf(error)}`);
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#context.wake(), this.#config.retry ?? 100);
      throw failure('TENON_BUSY', `the stream is full: ${messageOf(error)}`);
    }
  }
}

/** Splits a frame so that each part fits into a message, but for single rows that never do. */
function partsOf(frame: EventFrame, most: number): EventFrame[] {
  if (frame.bytes.length <= most || frame.rows <= 1) return [frame];
  const half = Math.ceil(frame.rows / 2);
  const rows = Array.from({ length: frame.rows }, (_, row) => row);
  return [rows.slice(0, half), rows.slice(half)].flatMap((some) => partsOf(pickRows(frame, some), most));
}

/** Returns the ranges of positions in a frame, one for each run of rows of a stream. */
function rangesOf(frame: EventFrame): { stream: bigint; first: bigint; last: bigint }[] {
  if (frame.streams === null && frame.rows > 0)
    return [{ stream: frame.stream, first: frame.positionOf(0), last: frame.positionOf(frame.rows - 1) }];
  const ranges: { stream: bigint; first: bigint; last: bigint }[] = [];
  for (let row = 0; row < frame.rows; row++) {
    const [stream, position] = [frame.streamOf(row), frame.positionOf(row)];
    const range = ranges.at(-1);
    if (range !== undefined && range.stream === stream) range.last = position;
    else ranges.push({ stream, first: position, last: position });
  }
  return ranges;
}

/** Returns an identity of the events in a frame: the same after a restart, if the frame has the same events. */
function keyOf(frame: EventFrame): string {
  const ranges = rangesOf(frame).map(({ stream, first, last }) => `${stream}/${first}-${last}`);
  const [first = '', ...others] = ranges;
  // Rows of one event share a position, so positions alone do not tell frames apart.
  const digest = createHash('sha256').update(others.join()).update(frame.data).digest('hex').slice(0, 16);
  return `${first}/${digest}`;
}

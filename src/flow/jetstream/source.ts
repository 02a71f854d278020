/** A source that reads a JetStream consumer. One message is one frame, or one event of another program. */
import type { ConsumerMessages, JsMsg } from '@nats-io/jetstream';
import { debug } from '../../base/diagnostics.js';
import { invalidArgument } from '../../base/errors.js';
import { checkKnown, checkMilliseconds, checkNumber, checkString, readOptions } from '../../base/options.js';
import { type ConnectorContext, failure, type SourceConnector } from '../connector.js';
import type { Contra, Credit, Promises } from '../contra.js';
import { type EventFrame, Mark } from '../frame.js';
import { FrameBuilder } from '../frame-builder.js';
import { atMost } from '../turns.js';
import { type Client, type JetStreamServer, messageOf, openClient, orNull } from './client.js';
import { eventsOf, type MessageEvents, wholeMessage } from './message.js';

/** The config of the source `jetstream`. */
export interface JetStreamSourceConfig extends JetStreamServer {
  /** The name of the stream. */
  readonly stream: string;
  /** The name of the durable consumer. All hosts with this name share its messages. It is made if it does not exist. */
  readonly consumer: string;
  /** The subject of the messages, if the consumer is to get only some. Used when the consumer is made. */
  readonly subject?: string;
  /** Milliseconds after which the server gives a message to another host. Used when the consumer is made. Default 30 000. */
  readonly ackWait?: number;
  /** The most messages without an answer, of all hosts together. Used when the consumer is made. Default 256. */
  readonly pending?: number;
  /** The most messages that this host fetches before it needs them. Default 16. */
  readonly prefetch?: number;
}

const NS_PER_MS = 1_000_000;
/** Milliseconds for the last answers to reach the server. */
const FLUSH_MS = 1000;
const OPTIONS = ['servers', 'connection', 'stream', 'consumer', 'subject', 'ackWait', 'pending', 'prefetch'];

/** The most streams that have ended and whose ends were not pulled yet. */
const MOST_ENDS = 64;

/** A message that was not acknowledged yet. */
interface Pending {
  message: JsMsg;
  readonly events: MessageEvents;
}

/**
 * Reads messages. The stream of an event is the sequence number of its message, and the position its place in it from 1,
 * so `(source, stream, position)` is the same in each delivery. A message is acknowledged when all its events have ended.
 */
export class JetStreamSource implements SourceConnector {
  readonly #config: JetStreamSourceConfig;
  readonly #context: ConnectorContext;
  /** The messages that are not acknowledged, by their sequence numbers. */
  readonly #pending = new Map<bigint, Pending>();
  /** The messages of which events are left to pull, in order. */
  #ready: bigint[] = [];
  /** The ends of messages that were pulled as a whole: their streams, and the positions behind their events. */
  #ends: { readonly stream: bigint; readonly position: bigint }[] = [];
  #client: Client | undefined;
  #messages: ConsumerMessages | undefined;
  #timer: NodeJS.Timeout | undefined;
  #draining = false;
  #problem: string | undefined;

  constructor(config: JetStreamSourceConfig, context: ConnectorContext) {
    this.#config = checkedSource(config);
    this.#context = context;
  }

  async connect(): Promise<Promises> {
    await this.close();
    const client = await openClient(this.#config);
    this.#client = client;
    try {
      await this.#consume(client);
    } catch (error) {
      await this.close();
      throw error;
    }
    return { replays: true, remembers: true };
  }

  pull(credit: Credit): EventFrame {
    if (this.#client === undefined || this.#problem !== undefined)
      throw failure('TENON_CLOSED', this.#problem ?? 'not connected');
    const whole = this.#pullWhole(credit);
    if (whole !== null) return whole;
    const frame = new FrameBuilder();
    for (const end of this.#ends.splice(0, credit.rows)) frame.add('', { ...end, mark: Mark.end });
    while (this.#ready.length > 0 && frame.rows < credit.rows && frame.size <= credit.bytes) {
      const [sequence = 0n] = this.#ready;
      const pending = this.#pending.get(sequence);
      if (pending === undefined || addEvents(frame, sequence, pending.events, credit)) this.#ready.shift();
      else break;
    }
    const more = this.#ready.length > 0 || this.#ends.length > 0;
    return frame.build({ state: more ? 'more' : this.#draining ? 'done' : 'idle' });
  }

  /** Returns the next message as it is, if it is a frame and fits into the credit. Its end is pulled later. */
  #pullWhole(credit: Credit): EventFrame | null {
    const [sequence = 0n] = this.#ready;
    const events = this.#pending.get(sequence)?.events;
    if (events === undefined || events.length === 0 || this.#ends.length >= MOST_ENDS) return null;
    const frame = wholeMessage(events, sequence, credit);
    if (frame === null) return null;
    this.#ready.shift();
    this.#ends.push({ stream: sequence, position: BigInt(events.length + 1) });
    return frame;
  }

  async contraflow(messages: readonly Required<Contra>[]): Promise<void> {
    for (const { what, stream, last } of messages) {
      if (what === 'drain') await this.#drain();
      const pending = what === 'ack' ? this.#pending.get(stream) : undefined;
      if (pending === undefined || last < BigInt(pending.events.length)) continue;
      pending.message.ack();
      this.#pending.delete(stream);
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    const client = this.#client;
    this.#client = undefined;
    this.#messages?.close().catch(() => undefined);
    this.#messages = undefined;
    this.#ready = [];
    this.#ends = [];
    this.#problem = undefined;
    // Other hosts get at once what this one does not finish.
    for (const { message } of this.#pending.values()) message.nak();
    this.#pending.clear();
    if (client === undefined || client.connection.isClosed()) return;
    // A server that answers nothing must not keep the flow from its end.
    await atMost(
      FLUSH_MS,
      client.connection.flush().catch(() => undefined),
    );
    await client.connection.close();
  }

  async #consume({ connection, library, manager, js }: Client): Promise<void> {
    const { stream, consumer, subject, ackWait = 30_000, pending = 256, prefetch = 16 } = this.#config;
    if ((await orNull(manager.streams.info(stream))) === null)
      throw failure('TENON_CLOSED', `the server has no stream '${stream}'`);
    const found = await orNull(manager.consumers.info(stream, consumer));
    const { config } =
      found ??
      (await manager.consumers.add(stream, {
        durable_name: consumer,
        ack_policy: library.AckPolicy.Explicit,
        ack_wait: ackWait * NS_PER_MS,
        max_ack_pending: pending,
        ...(subject === undefined ? {} : { filter_subject: subject }),
      }));
    if (config.ack_policy !== library.AckPolicy.Explicit)
      throw invalidArgument(
        'consumer',
        `names a consumer whose ack_policy is ${config.ack_policy}, expected explicit`,
      );
    const messages = await (await js.consumers.get(stream, consumer)).consume({ max_messages: prefetch });
    this.#messages = messages;
    void this.#receive(messages);
    const every = Math.max(10, (config.ack_wait ?? 30_000 * NS_PER_MS) / NS_PER_MS / 2);
    // Work that takes longer than the server waits is not given to another host.
    this.#timer = setInterval(() => {
      for (const { message } of this.#pending.values()) message.working();
    }, every).unref();
    void connection
      .closed()
      .then((error) => this.#lose(messages, `the connection was closed: ${error ?? 'by the server'}`));
  }

  async #receive(messages: ConsumerMessages): Promise<void> {
    try {
      for await (const message of messages) this.#take(message);
      this.#lose(messages, 'the consumer has ended');
    } catch (error) {
      this.#lose(messages, messageOf(error));
    }
  }

  #take(message: JsMsg): void {
    const sequence = BigInt(message.seq);
    const known = this.#pending.get(sequence);
    // A message that comes again while this host still has it needs only the newer address for its answer.
    if (known !== undefined) {
      known.message = message;
      return;
    }
    const events = eventsOf(
      message.data,
      message.headers?.get('Tenon-Frame') === '1',
      message.timestampNanos,
    );
    this.#pending.set(sequence, { message, events });
    this.#ready.push(sequence);
    if (this.#ready.length === 1) this.#context.wake();
  }

  #lose(messages: ConsumerMessages, problem: string): void {
    if (messages !== this.#messages || this.#draining) return;
    debug('JetStream consumer %s: %s', this.#config.consumer, problem);
    this.#problem = problem;
    this.#context.wake();
  }

  async #drain(): Promise<void> {
    this.#draining = true;
    const messages = this.#messages;
    await messages?.close();
    this.#context.wake();
  }
}

/** Adds events of a message from where the last frame ended. Returns whether that was the last one. */
function addEvents(
  frame: FrameBuilder,
  stream: bigint,
  events: MessageEvents,
  { rows, bytes }: Credit,
): boolean {
  for (; frame.rows < rows && frame.size <= bytes; events.next += 1) {
    const position = BigInt(events.next + 1);
    if (events.next === events.length) {
      frame.add('', { stream, position, mark: Mark.end });
      return true;
    }
    const { data, meta, ingestNs } = events.at(events.next);
    frame.add(data, { stream, position, ingestNs, ...(meta === undefined ? {} : { meta }) });
  }
  return false;
}

function checkedSource(given: JetStreamSourceConfig): JetStreamSourceConfig {
  const read = readOptions('config', given);
  checkKnown('the source jetstream', read, OPTIONS, 'config.');
  checkString('config.stream', read.stream);
  checkString('config.consumer', read.consumer);
  if (read.subject !== undefined) checkString('config.subject', read.subject);
  if (read.ackWait !== undefined) checkMilliseconds('config.ackWait', read.ackWait);
  if (read.pending !== undefined) checkNumber('config.pending', read.pending, 1, 1_000_000);
  if (read.prefetch !== undefined) checkNumber('config.prefetch', read.prefetch, 1, 100_000);
  return read;
}

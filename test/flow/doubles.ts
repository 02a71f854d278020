/** Sources and sinks in TypeScript for the tests of flows. Tests steer them by what they share. */
import {
  type ConnectorContext,
  type Contra,
  type Credit,
  type EventFrame,
  emptyFrame,
  FrameBuilder,
  failure,
  type SinkAnswer,
  type SinkConnector,
  type SourceConnector,
} from '../../src/flow/index.js';

/** The items of a list source, and the messages that it got. Positions are the indices of the items from 1. */
export class Feed {
  readonly items: string[] = [];
  readonly acked: bigint[] = [];
  readonly resumed: ReadonlyMap<bigint, bigint>[] = [];
  replays = true;
  /** Whether it begins again each time that it connects, as a broker does with what it sends again. */
  remembers = false;
  /** Rows of one frame at most. */
  most = Number.POSITIVE_INFINITY;
  /** Whether the source is done after the items. */
  ends = true;
  down = false;
  wake: () => void = () => undefined;

  constructor(items: Iterable<string> = []) {
    this.items.push(...items);
  }

  add(...items: string[]): void {
    this.items.push(...items);
    this.wake();
  }

  /** The class of a source that reads this feed. */
  get source() {
    const feed = this;
    return class ListSource implements SourceConnector {
      #at = 0;
      #connected = false;
      #draining = false;

      constructor(_config: unknown, { wake }: ConnectorContext) {
        feed.wake = wake;
      }

      connect(resume: ReadonlyMap<bigint, bigint>) {
        if (feed.down) throw failure('TENON_CLOSED', 'the feed is down');
        feed.resumed.push(new Map(resume));
        this.#at = feed.remembers ? 0 : Number(resume.get(0n) ?? 0n);
        this.#connected = true;
        return { replays: feed.replays, remembers: feed.remembers };
      }

      pull({ rows, bytes }: Credit): EventFrame {
        if (!this.#connected || feed.down) {
          this.#connected = false;
          throw failure('TENON_CLOSED', 'not connected');
        }
        const builder = new FrameBuilder();
        const end = Math.min(feed.items.length, this.#at + Math.min(rows, feed.most));
        for (; this.#at < end && builder.size <= bytes; this.#at++)
          builder.add(feed.items[this.#at] ?? '', { position: BigInt(this.#at + 1) });
        const more = this.#at < feed.items.length;
        return builder.build({ state: more ? 'more' : feed.ends || this.#draining ? 'done' : 'idle' });
      }

      contraflow(messages: readonly Required<Contra>[]): void {
        for (const { what, last } of messages) {
          if (what === 'ack') feed.acked.push(last);
          if (what === 'drain') this.#draining = true;
        }
      }
    };
  }
}

/** The events and messages that a memory sink got. */
export class Store {
  readonly rows: string[] = [];
  readonly positions: bigint[] = [];
  readonly metas: string[] = [];
  readonly messages: Required<Contra>[] = [];
  durable = true;
  connects = 0;
  writes = 0;
  down = false;
  wake: () => void = () => undefined;
  /** Decides what becomes of a frame instead of taking all of it. */
  onWrite: ((frame: EventFrame) => SinkAnswer | Promise<SinkAnswer>) | undefined;
  onContraflow: ((messages: readonly Required<Contra>[]) => SinkAnswer) | undefined;

  /** Takes some rows of a frame. */
  take(frame: EventFrame, from = 0, to = frame.rows): void {
    for (let row = from; row < to; row++) {
      this.rows.push(frame.text(row));
      this.positions.push(frame.positionOf(row));
      this.metas.push(frame.metaOf(row));
    }
  }

  /** The class of a sink that fills this store. */
  get sink() {
    const store = this;
    return class MemorySink implements SinkConnector {
      constructor(_config: unknown, { wake }: ConnectorContext) {
        store.wake = wake;
      }

      connect() {
        store.connects += 1;
        if (store.down) throw failure('TENON_CLOSED', 'the store is down');
        return { durable: store.durable };
      }

      write(frame: EventFrame): SinkAnswer | Promise<SinkAnswer> {
        store.writes += 1;
        if (store.down) throw failure('TENON_CLOSED', 'the store is down');
        if (store.onWrite !== undefined) return store.onWrite(frame);
        store.take(frame);
        return undefined;
      }

      contraflow(messages: readonly Required<Contra>[]): SinkAnswer {
        store.messages.push(...messages);
        return store.onContraflow?.(messages);
      }
    };
  }
}

/** A frame without rows that says there is nothing now. */
export const idleFrame = (): EventFrame => emptyFrame({ state: 'idle' });

/** Returns `count` numbered lines. */
export const lines = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `line ${index + 1}`);

/** Waits until a condition is true. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}

/** Acknowledges to the source the events that have ended, and writes the checkpoint. */
import { asTenonError } from '../base/errors.js';
import { Timer } from '../base/timer.js';
import type { Checkpoint } from './checkpoints.js';
import type { Guarantee } from './guarantee.js';
import type { Ledger } from './ledger.js';
import type { SourceManager } from './source-manager.js';
import { atMost } from './turns.js';

/** Milliseconds between two writes of a checkpoint. What a crash repeats is what ended in that time. */
const INTERVAL = 100;
/** The most streams in a checkpoint that have ended. */
const MOST_ENDED = 10_000;

export class Acknowledger {
  readonly #ledger: Ledger;
  readonly #source: SourceManager;
  readonly #checkpoint: Checkpoint | null;
  readonly #guarantee: Guarantee;
  /** The acknowledgements for the source that wait until it has taken the previous ones. */
  readonly #untold = new Map<bigint, bigint>();
  /** The streams in the checkpoint that have ended, oldest first. */
  readonly #ended = new Set<bigint>();
  #scheduled: NodeJS.Immediate | undefined;
  #timer: Timer | undefined;
  #telling: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(ledger: Ledger, source: SourceManager, checkpoint: Checkpoint | null, guarantee: Guarantee) {
    this.#ledger = ledger;
    this.#source = source;
    this.#checkpoint = checkpoint;
    this.#guarantee = guarantee;
  }

  /** Something has ended. What ended in one turn of the event loop is acknowledged together. */
  changed(): void {
    if (this.#scheduled !== undefined || this.#closed) return;
    this.#scheduled = setImmediate(() => {
      this.#scheduled = undefined;
      this.#flush();
    });
  }

  /** Acknowledges the rest, and writes the checkpoint for the last time. */
  async close(): Promise<void> {
    this.#closed = true;
    clearImmediate(this.#scheduled);
    this.#timer?.cancel();
    this.#flush();
    const rest = this.#telling;
    // A source that hangs must not keep the flow from its end.
    await atMost(1000, rest);
    try {
      await this.#checkpoint?.close();
    } catch (error) {
      this.#failed(error, null);
    }
  }

  #flush(): void {
    const acks = this.#ledger.takeAcks();
    if (acks.length === 0) return;
    for (const { stream, position, ended } of acks) {
      this.#note(stream, position, ended);
      this.#untold.set(stream, position);
    }
    this.#telling = this.#telling.then(() => this.#tell());
  }

  async #tell(): Promise<void> {
    const messages = [...this.#untold].map(([stream, last]) => ({ what: 'ack' as const, stream, last }));
    this.#untold.clear();
    if (messages.length > 0) await this.#source.tell(messages);
  }

  #note(stream: bigint, position: bigint, ended: boolean): void {
    const checkpoint = this.#checkpoint;
    if (checkpoint === null || !this.#source.needsCheckpoint) return;
    checkpoint.set(stream, position);
    this.#ended.delete(stream);
    if (ended) this.#ended.add(stream);
    for (const oldest of this.#ended) {
      if (this.#ended.size <= MOST_ENDED) break;
      this.#ended.delete(oldest);
      checkpoint.delete(oldest);
    }
    this.#schedule(checkpoint);
  }

  #schedule(checkpoint: Checkpoint): void {
    if (this.#closed || this.#timer !== undefined) return;
    this.#timer = new Timer(INTERVAL, () => {
      this.#timer = undefined;
      checkpoint.write().then(
        () => this.#guarantee.checkpointWritten(),
        (error) => {
          this.#failed(error, INTERVAL);
          this.#schedule(checkpoint);
        },
      );
    });
  }

  #failed(error: unknown, again: number | null): void {
    const problem = asTenonError(error, 'ERR_TENON_UNREADABLE', 'Cannot write the checkpoint');
    this.#guarantee.checkpointFailed(problem, again);
  }
}

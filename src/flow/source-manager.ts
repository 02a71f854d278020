/** Pulls frames out of one source: as much as there is room for, and again when there may be more. */
import { asTenonError, type TenonError } from '../base/errors.js';
import type { Contra, Credit, Promises } from './contra.js';
import { type EventFrame, frameBreach, Mark } from './frame.js';
import type { Pauses } from './pauses.js';
import type { SourcePort } from './ports.js';
import { Signal } from './signal.js';
import { firstDecrease } from './stage.js';
import { Turns } from './turns.js';

/** The services of a flow for its source manager. */
export interface SourceOwner {
  readonly name: string;
  /** Returns how much there is room for; null if there is none. */
  room(): Credit | null;
  /**
   * Takes a checked frame, and ends the use of it. The next one is taken when the promise is fulfilled, but pulled before.
   */
  take(frame: EventFrame): Promise<void>;
  /** The source has connected, with these promises. */
  connected(promises: Required<Promises>): void;
}

/** The state of a source. */
export type SourceState = 'connecting' | 'pulling' | 'idle' | 'full' | 'paused' | 'done';

/** The streams that ended, which are remembered so that they are not read again after a reconnect. */
const MOST_STREAMS = 10_000;
/** The shortest wait between two pulls of an idle source, in milliseconds: what is due meanwhile comes with one pull. */
const SHORTEST_WAIT = 0.25;
const NS_PER_MS = 1_000_000;

export class SourceManager {
  readonly port: SourcePort;
  readonly pauses: Pauses;
  readonly #owner: SourceOwner;
  readonly #signal = new Signal();
  readonly #turns = new Turns();
  /** The last position of each stream that was pulled. */
  readonly #pulled: Map<bigint, bigint>;
  /** The streams among them that have ended. */
  readonly #over = new Set<bigint>();
  #state: SourceState = 'connecting';
  #connected = false;
  #replays = false;
  #remembers = false;
  #draining = false;
  #ended = false;
  #paused = false;
  #problem: TenonError | undefined;
  #reconnects = -1;
  #rows = 0;
  #drainTold = false;
  /** The frame that was pulled while the owner took the one before. */
  #ahead: EventFrame | null = null;
  #taking: Promise<void> = Promise.resolve();
  /** The number of pulls that failed since the last one that did not. */
  #failures = 0;

  /** `resume` has the positions of the checkpoint. */
  constructor(port: SourcePort, pauses: Pauses, owner: SourceOwner, resume: ReadonlyMap<bigint, bigint>) {
    this.port = port;
    this.pauses = pauses;
    this.#owner = owner;
    this.#pulled = new Map(resume);
    port.onWake = () => this.#signal.raise();
    port.onLost = (error) => this.#lose(error);
  }

  get state(): SourceState {
    return this.#state;
  }

  /** The error for which nothing is pulled. */
  get problem(): TenonError | undefined {
    return this.#problem;
  }

  /** The number of times that it connected again. */
  get reconnects(): number {
    return Math.max(0, this.#reconnects);
  }

  /** The number of rows that were pulled. */
  get rows(): number {
    return this.#rows;
  }

  /** The frame that was pulled, and that the owner has not taken yet. */
  get ahead(): EventFrame | null {
    return this.#ahead;
  }

  get replays(): boolean {
    return this.#replays;
  }

  /** Whether a checkpoint must keep how far it was acknowledged. */
  get needsCheckpoint(): boolean {
    return this.#replays && !this.#remembers;
  }

  /** The streams that were pulled and have not ended, with their last positions. */
  get openStreams(): [stream: bigint, last: bigint][] {
    return [...this.#pulled].filter(([stream]) => !this.#over.has(stream));
  }

  /** Connects once. @throws TenonError */
  async connect(): Promise<Required<Promises>> {
    const promises = await this.port.connect(this.#pulled);
    this.#connected = true;
    this.#replays = promises.replays;
    this.#remembers = promises.remembers;
    if (promises.remembers) {
      this.#pulled.clear();
      this.#over.clear();
    }
    this.#problem = undefined;
    this.#reconnects += 1;
    this.#drainTold = false;
    this.#owner.connected(promises);
    return promises;
  }

  /** Notes that there is no connection yet. */
  lost(error: TenonError): void {
    this.#connected = false;
    this.#problem = error;
  }

  /** Pulls until the source is done. */
  async run(): Promise<void> {
    while (!this.#ended) {
      const rows = this.#rows;
      const done = this.#connected ? await this.#step() : await this.#reconnect();
      if (done) break;
      await this.#turns.share(rows === this.#rows);
    }
    await this.#taking;
    this.#state = 'done';
  }

  /** Something has ended, so that there is more room. */
  roomy(): void {
    if (this.#state === 'full') this.#signal.raise();
  }

  /** Takes in nothing new. */
  drain(): void {
    this.#draining = true;
    this.pauses.hurry();
    this.#signal.raise();
  }

  /** Stops pulling, or continues. */
  async pause(paused: boolean): Promise<void> {
    this.#paused = paused;
    this.#signal.raise();
    await this.tell([{ what: paused ? 'pause' : 'resume' }]);
  }

  /** Sends messages to the source. If there is no connection, they are lost, which does no harm. */
  async tell(messages: readonly Contra[]): Promise<void> {
    if (!this.#connected) return;
    try {
      await this.port.contraflow(messages);
    } catch {
      // The next pull finds out that the connection is lost.
    }
  }

  /** Ends the source. */
  end(): void {
    this.#ended = true;
    this.pauses.hurry();
    this.#signal.raise();
  }

  /** Pulls once. Returns whether the source is done. */
  async #step(): Promise<boolean> {
    const room = this.#paused && !this.#draining ? null : this.#owner.room();
    if (room === null) {
      this.#state = this.#paused ? 'paused' : 'full';
      await this.#signal.next();
      return false;
    }
    if (this.#draining && !this.#drainTold) {
      this.#drainTold = true;
      await this.tell([{ what: 'drain' }]);
    }
    const { deaf } = this.port;
    if (this.#draining && deaf && this.#replays) return true;
    this.#state = 'pulling';
    const { wakes } = this.port;
    const frame = await this.#pull(room, wakes);
    if (frame === null || frame === 'failed') return frame !== null;
    this.#problem = undefined;
    if (frame.rows > 0) {
      // Not before there are events: a source that only connects must not do so again and again without a pause.
      this.#failures = 0;
      this.pauses.reset();
      await this.#give(frame);
    }
    if (frame.state === 'done' || (frame.state === 'idle' && this.#draining && deaf)) return true;
    if (frame.state === 'idle' && this.port.wakes === wakes) await this.#idle(frame.wakeNs);
    return false;
  }

  /** Gives a frame to the owner when it has taken the one before. */
  async #give(frame: EventFrame): Promise<void> {
    this.#ahead = frame;
    await this.#taking;
    if (this.#ended) return;
    this.#ahead = null;
    this.#taking = this.#owner.take(frame);
  }

  async #idle(wakeNs: bigint): Promise<void> {
    if (this.#draining && !this.#drainTold) return;
    this.#state = 'idle';
    const wait = wakeNs === 0n ? Number.POSITIVE_INFINITY : Number(wakeNs) / NS_PER_MS;
    await this.#signal.next(Math.max(wait, SHORTEST_WAIT));
  }

  /** Returns a checked frame, null if there was none, or 'failed' if that was the last attempt. */
  async #pull(credit: Credit, wakes: number): Promise<EventFrame | 'failed' | null> {
    const last = this.pauses.hurried;
    try {
      const frame = await this.port.pull(credit);
      checkCredit(frame, credit, `A frame of source ${this.#owner.name}`);
      this.#note(frame);
      return frame;
    } catch (thrown) {
      const error = asTenonError(
        thrown,
        'ERR_TENON_CALL_FAILED',
        `pull of source ${this.#owner.name} failed`,
      );
      if (error.status === 'TENON_BUSY') {
        if (this.port.wakes === wakes) await this.#signal.next();
        return null;
      }
      this.#problem = error;
      this.#failures += 1;
      if (error.status !== 'TENON_FAILED') await this.#recover(error);
      if (last && this.#failures > 1) return 'failed';
      // A breach of the contract, and an error that a new connection did not end, would come again at once.
      const again = this.#failures > 1 || error.code === 'ERR_TENON_CONTRACT';
      if (again || error.status === 'TENON_FAILED') await this.pauses.next();
      return null;
    }
  }

  /** Checks that positions rise, and notes how far each stream was pulled. @throws TenonError ERR_TENON_CONTRACT */
  #note(frame: EventFrame): void {
    const who = `A frame of source ${this.#owner.name}`;
    const seen = new Map<bigint, bigint>();
    const ends: bigint[] = [];
    const rise = (stream: bigint, first: number, last: number): void => {
      const before = seen.get(stream) ?? this.#pulled.get(stream);
      const position = frame.positionOf(first);
      const isEnd = frame.markOf(first) === Mark.end || frame.markOf(first) === Mark.broken;
      if (before !== undefined && (isEnd ? position < before : position <= before))
        throw frameBreach(
          who,
          `row ${first} of stream ${stream} has position ${position}, and ${before} was before it`,
        );
      seen.set(stream, frame.positionOf(last));
    };
    if (frame.streams === null && frame.marks === null) {
      const wrong = frame.positions === null ? -1 : firstDecrease(frame.positions, true);
      if (wrong >= 0) throw frameBreach(who, `the position of row ${wrong} does not rise`);
      if (frame.rows > 0) rise(frame.stream, 0, frame.rows - 1);
    } else {
      for (let row = 0; row < frame.rows; row++) {
        rise(frame.streamOf(row), row, row);
        const mark = frame.markOf(row);
        if (mark === Mark.end || mark === Mark.broken) ends.push(frame.streamOf(row));
      }
    }
    this.#rows += frame.rows - ends.length;
    for (const [stream, last] of seen) {
      this.#pulled.set(stream, last);
      this.#over.delete(stream);
    }
    for (const stream of ends) this.#over.add(stream);
    this.#forget();
  }

  /** Forgets streams that have ended: the oldest, or all if the source cannot replay them or keeps them itself. */
  #forget(): void {
    const most = this.needsCheckpoint ? MOST_STREAMS : 0;
    for (const stream of this.#over) {
      if (this.#over.size <= most) return;
      this.#over.delete(stream);
      this.#pulled.delete(stream);
    }
  }

  #lose(error: TenonError): void {
    this.lost(error);
    this.#signal.raise();
  }

  async #recover(error: TenonError): Promise<void> {
    this.lost(error);
    try {
      await this.port.renew(error);
    } catch (problem) {
      this.#problem = asTenonError(problem, 'ERR_TENON_CALL_FAILED', 'renew failed');
    }
  }

  /** Connects again. Returns true if it was the last attempt, and failed. */
  async #reconnect(): Promise<boolean> {
    this.#state = 'connecting';
    const last = this.pauses.hurried;
    try {
      await this.connect();
      return false;
    } catch (thrown) {
      const error = asTenonError(
        thrown,
        'ERR_TENON_CALL_FAILED',
        `connect of source ${this.#owner.name} failed`,
      );
      await this.#recover(error);
      if (last) return true;
      await this.pauses.next();
      return false;
    }
  }
}

/** Checks that a source returned no more than it may. @throws TenonError ERR_TENON_CONTRACT */
function checkCredit({ rows, offsets }: EventFrame, credit: Credit, who: string): void {
  if (rows > credit.rows) throw frameBreach(who, `it has ${rows} rows, and the credit was ${credit.rows}`);
  // The last row may exceed the credit: an event that is larger than it must come some time.
  const bytes = rows === 0 ? 0 : (offsets[rows - 1] ?? 0) - (offsets[0] ?? 0);
  if (bytes > credit.bytes)
    throw frameBreach(who, `it has ${bytes} bytes before its last row, and the credit was ${credit.bytes}`);
}

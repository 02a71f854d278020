/**
 * Brings frames to one sink in their order. The next frame is written when the last is answered, so nothing that is
 * written again overtakes what comes after it.
 */
import { asTenonError, TenonError } from '../base/errors.js';
import { blames, isCrash } from './blame.js';
import type { Contra } from './contra.js';
import type { EventFrame } from './frame.js';
import { filterFrame } from './frame-builder.js';
import { endFrameUse, useFrame } from './frame-memory.js';
import { Times } from './histograms.js';
import { Pauses } from './pauses.js';
import type { SinkPort } from './ports.js';
import { Queue } from './queue.js';
import { type GiveUp, type Refused, type Settle, Shipment } from './shipment.js';
import { Signal } from './signal.js';
import {
  answerError,
  type Blockage,
  type Shaped,
  type Shaper,
  type SinkCounts,
  type SinkSettings,
} from './sink.js';
import { type Circuit, SinkConnection } from './sink-connection.js';
import { atMost } from './turns.js';

interface Waiting {
  readonly frame: EventFrame;
  readonly settle: Settle;
}

/** The manager of one sink. */
export class SinkManager {
  readonly settings: SinkSettings;
  readonly connection: SinkConnection;
  /** The time from a write to its answer, in microseconds. */
  readonly latency = new Times();
  /** Receives an error of the manager itself. It writes nothing from then on. */
  onFailed: (error: unknown) => void = () => undefined;
  readonly #queue = new Queue<Waiting>();
  readonly #signal = new Signal();
  readonly #idle = new Signal();
  readonly #giveUp: GiveUp | null;
  readonly #shaper: Shaper | null;
  readonly #counts = { in: 0, delivered: 0, dead: 0, dropped: 0, redelivered: 0 };
  #waiting = 0;
  #present: Shipment | undefined;
  #blockage: Blockage | undefined;
  /** The error of rows of the present write that failed but may be written again. */
  #failure: TenonError | null = null;
  #ended = false;
  #gaveUp = false;
  #finishing = false;

  /** `giveUp` receives rows that are never accepted; without it they block the sink. */
  constructor(port: SinkPort, settings: SinkSettings, giveUp: GiveUp | null, shaper: Shaper | null) {
    this.settings = settings;
    this.connection = new SinkConnection(port, new Pauses(settings.reconnect));
    this.connection.onAnswers = (answers) => this.#apply(answers);
    this.#giveUp = giveUp;
    this.#shaper = shaper;
  }

  get counts(): SinkCounts {
    return { ...this.#counts, waiting: this.#waiting };
  }

  get circuit(): Circuit {
    return this.connection.circuit;
  }

  /** The row that blocks the sink. */
  get blockage(): Blockage | undefined {
    return this.#blockage;
  }

  /** Connects for the first time, and begins to write. @throws TenonError if the sink refuses to connect */
  async start(): Promise<void> {
    try {
      await this.connection.connect();
    } catch (error) {
      const problem = asTenonError(error, 'ERR_TENON_CALL_FAILED', `connect of ${this.settings.name} failed`);
      if (problem.status !== 'TENON_CLOSED') throw problem;
      this.connection.lost(problem);
    }
    this.#run().catch((error: unknown) => this.onFailed(error));
  }

  /** Takes a frame. The rows for which there is no room are dropped, which only sinks with a buffer do. */
  offer(frame: EventFrame, settle: Settle): void {
    const room = Math.min(frame.rows, Math.max(0, this.settings.bufferRows - this.#waiting));
    this.#counts.in += frame.rows;
    this.#counts.dropped += frame.rows - room;
    if (room === 0) return;
    this.#waiting += room;
    this.#queue.push({
      frame: room === frame.rows ? useFrame(frame) : filterFrame(frame, (row) => row < room),
      settle,
    });
    this.#signal.raise();
  }

  /** Cuts pauses short: a sink that is not connected gets one last attempt. */
  hurry(): void {
    this.connection.pauses.hurry();
    this.#idle.raise();
  }

  /** Waits until nothing waits any more. In a hurry, it does not wait for a sink that gave up or is blocked. */
  async drained(): Promise<void> {
    this.#finishing = true;
    this.#signal.raise();
    while (
      !this.#ended &&
      !this.#gaveUp &&
      !(this.#blockage !== undefined && this.connection.pauses.hurried) &&
      (this.#waiting > 0 || this.#present !== undefined)
    )
      await this.#idle.next();
    if (this.#waiting === 0 && this.circuit !== 'reconnecting')
      await atMost(
        this.settings.ackTimeout,
        this.connection.send([{ what: 'drain' }]).catch(() => undefined),
      );
  }

  /** Waits until it gave up, or is blocked by a row, in a hurry. */
  async stuck(): Promise<void> {
    while (!this.#ended && !this.#gaveUp && !(this.#blockage !== undefined && this.connection.pauses.hurried))
      await this.#idle.next();
  }

  /**
   * Waits until nothing waits any more, but only as long as there is progress: pauses are cut short, and a sink that has
   * ended nothing within `ackTimeout` is given up.
   */
  async drainedInTime(): Promise<void> {
    this.hurry();
    let drained = false;
    const whole = this.drained().then(() => {
      drained = true;
    });
    for (let before = -1; before !== this.#endings && !drained; ) {
      before = this.#endings;
      await atMost(this.settings.ackTimeout, whole);
    }
    this.#gaveUp ||= !drained;
    this.#idle.raise();
  }

  /** The number of events that have ended. */
  get #endings(): number {
    return this.#counts.delivered + this.#counts.dead;
  }

  /** Ends the sink, whatever waits. */
  async close(): Promise<void> {
    this.#ended = true;
    this.connection.end();
    this.#signal.raise();
    this.#idle.raise();
    await this.connection.port.close().catch(() => undefined);
    await this.#shaper?.close();
    if (this.settings.required) return;
    this.#counts.dropped += this.#waiting;
    this.#waiting = 0;
  }

  async #run(): Promise<void> {
    while (!this.#ended && !this.#gaveUp) {
      const next = this.#queue.shift();
      if (next !== undefined) {
        await this.#shipAll(await this.#shaped(next));
        continue;
      }
      if (this.#finishing && this.#shaper !== null && this.#waiting > 0)
        await this.#shipAll(await this.#shaper.finish());
      this.#idle.raise();
      await this.#signal.next();
    }
    this.#idle.raise();
  }

  async #shaped({ frame, settle }: Waiting): Promise<Shaped> {
    let left = frame.rows;
    const counted: Settle = (rows, ending) => {
      if (this.#ended) return;
      const count = rows?.length ?? frame.rows;
      left -= count;
      this.#waiting -= count;
      this.#counts[ending] += count;
      settle(rows, ending);
      if (left === 0) endFrameUse(frame);
      if (this.#waiting === 0) this.#idle.raise();
    };
    const shipment = new Shipment(frame, counted);
    if (this.#shaper === null) return { shipments: [shipment], refused: [] };
    try {
      return await this.#shaper.shape(shipment);
    } catch (thrown) {
      const what = `The postprocessors of sink ${this.settings.name} failed`;
      const error = asTenonError(thrown, 'ERR_TENON_CALL_FAILED', what);
      return { shipments: [], refused: [{ shipment, rows: shipment.openRows(), error }] };
    }
  }

  async #shipAll({ shipments, refused }: Shaped): Promise<void> {
    for (const one of refused) this.#abandon(one);
    for (const shipment of shipments) {
      if (this.#ended || this.#gaveUp) return;
      await this.#deliver(shipment, 0);
    }
    this.#present = undefined;
  }

  /** Writes a frame until all its rows have ended. `crashes` is how often it ended the process of the sink before. */
  async #deliver(shipment: Shipment, crashes: number): Promise<void> {
    this.#present = shipment;
    for (let failures = 0, written = 0; shipment.open > 0 && !this.#ended; written += 1) {
      if (this.#blockage !== undefined) return await this.#awaitEnd();
      if (!(await this.connection.ready())) {
        this.#gaveUp = true;
        return;
      }
      if (written > 0) this.#counts.redelivered += shipment.open;
      const { wakes } = this.connection.port;
      const error = await this.#write(shipment);
      if (error === null) continue;
      const single = shipment.open === 1;
      if (isCrash(error)) {
        crashes += 1;
        await this.connection.recover(error);
        if (crashes >= (blames(error) ? 1 : 2) + (single ? 1 : 0))
          return await this.#search(shipment, error, crashes);
      } else if (error.status === 'TENON_CLOSED') {
        this.connection.lost(error);
        written -= 1;
      } else if (error.status === 'TENON_BUSY') {
        await this.connection.wokenSince(wakes, this.settings.ackTimeout);
        written -= 1;
      } else {
        failures += 1;
        if (error.code !== 'ERR_TENON_CALL_FAILED') await this.connection.recover(error);
        if (error.status === 'TENON_INVALID' || failures >= this.settings.attempts)
          return await this.#search(shipment, error, crashes);
        await this.connection.pauses.next();
      }
    }
  }

  /** Finds the rows that are at fault, by writing each alone. */
  async #search(shipment: Shipment, error: TenonError, crashes: number): Promise<void> {
    const rows = shipment.openRows();
    if (rows.length === 1) {
      this.#abandon({ shipment, rows, error });
      if (this.#blockage !== undefined) await this.#awaitEnd();
      return;
    }
    for (const row of rows) {
      this.#counts.redelivered += 1;
      await this.#deliver(shipment.only(row), crashes);
      if (this.#ended || this.#gaveUp) return;
    }
  }

  /** Writes what has not ended, and waits for the answers. Returns the error if it failed. */
  async #write(shipment: Shipment): Promise<TenonError | null> {
    const began = performance.now();
    this.#failure = null;
    try {
      const { open } = shipment;
      const answers = await this.connection.port.write(shipment.openFrame(), this.settings.ackTimeout);
      let problem: TenonError | null = null;
      if (answers.length === 0) shipment.endAll('delivered');
      else {
        this.connection.take(answers);
        this.#apply(answers);
        problem = await this.#awaitAnswers(shipment, began);
      }
      // A sink that takes rows and never answers them must not be connected again and again without a pause.
      if (shipment.open < open) this.connection.worked();
      if (problem !== null) return problem;
      this.latency.record((performance.now() - began) * 1000);
      return null;
    } catch (error) {
      return asTenonError(error, 'ERR_TENON_CALL_FAILED', `write of sink ${this.settings.name} failed`);
    }
  }

  async #awaitAnswers(shipment: Shipment, began: number): Promise<TenonError | null> {
    const { name, ackTimeout } = this.settings;
    while (shipment.open > 0 && !this.#ended && this.#blockage === undefined) {
      if (this.#failure !== null) return this.#failure;
      const left = began + ackTimeout - performance.now();
      if (left <= 0)
        return new TenonError(
          'ERR_TENON_TIMEOUT',
          `Sink ${name} did not answer ${shipment.open} of ${shipment.frame.rows} rows within ${ackTimeout} ms.`,
        );
      if (this.circuit === 'reconnecting') return this.connection.problem ?? null;
      await this.connection.changed.next(left);
    }
    return this.#failure;
  }

  /** Applies answers to the present frame. */
  #apply(answers: readonly Required<Contra>[]): void {
    const shipment = this.#present;
    if (shipment === undefined) return;
    for (const answer of answers) {
      if (answer.what === 'ack') shipment.endRows(shipment.rowsIn(answer), 'delivered');
      if (answer.what !== 'fail') continue;
      const rows = shipment.rowsIn(answer);
      if (rows.length === 0) continue;
      const error = answerError(this.settings.name, answer);
      if (answer.status === 'TENON_INVALID') this.#abandon({ shipment, rows, error });
      else this.#failure = error;
    }
  }

  /** Gives rows to the dead letters. Without them, the first row blocks the sink. */
  #abandon(refused: Refused): void {
    if (this.#giveUp !== null) {
      this.#giveUp(refused);
      return;
    }
    const { shipment, rows, error } = refused;
    const [row = 0] = rows;
    const { frame } = shipment;
    this.#blockage ??= { stream: frame.streamOf(row), position: frame.positionOf(row), error };
    this.#idle.raise();
  }

  async #awaitEnd(): Promise<void> {
    while (!this.#ended) await this.#signal.next();
  }
}

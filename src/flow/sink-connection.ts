/** The connection of a sink: connects again after a loss, with growing pauses, and knows whether it may be written to. */
import { asTenonError, type TenonError } from '../base/errors.js';
import type { Contra, Promises } from './contra.js';
import type { Pauses } from './pauses.js';
import type { SinkPort } from './ports.js';
import { Signal } from './signal.js';
import { nextTurn } from './turns.js';

/** The state of a connection: connected, not connected, or stopped by the sink. */
export type Circuit = 'working' | 'stopped' | 'reconnecting';

export class SinkConnection {
  readonly port: SinkPort;
  readonly pauses: Pauses;
  /** Is raised when answers came, or when the circuit changed. */
  readonly changed = new Signal();
  /** Receives the answers that came later. */
  onAnswers: (answers: readonly Required<Contra>[]) => void = () => undefined;
  /** Is called when the sink has connected. */
  onConnected: (promises: Required<Promises>) => void = () => undefined;
  #connected = false;
  #stopped = false;
  #ended = false;
  #asking = false;
  #askAgain = false;
  #generation = 0;
  #problem: TenonError | undefined;
  #reconnects = 0;
  /** The number of attempts to connect again since the last write that succeeded. */
  #attempts = 0;
  #lastAttemptMade = false;

  constructor(port: SinkPort, pauses: Pauses) {
    this.port = port;
    this.pauses = pauses;
    port.onWake = () => this.#woken();
    port.onLost = (error) => this.lost(error);
  }

  get circuit(): Circuit {
    if (!this.#connected) return 'reconnecting';
    return this.#stopped ? 'stopped' : 'working';
  }

  /** The error for which it is not connected. */
  get problem(): TenonError | undefined {
    return this.#connected ? undefined : this.#problem;
  }

  /** The number of times that it connected again. */
  get reconnects(): number {
    return this.#reconnects;
  }

  /** Connects once. @throws TenonError */
  async connect(): Promise<Required<Promises>> {
    const promises = await this.port.connect();
    if (this.#generation > 0) this.#reconnects += 1;
    this.#generation += 1;
    this.#connected = true;
    this.#stopped = false;
    // A question to the connection before may never be answered.
    this.#asking = false;
    if (this.#askAgain) this.#woken();
    this.onConnected(promises);
    this.changed.raise();
    return promises;
  }

  /** Notes that the connection was lost. */
  lost(error: TenonError): void {
    this.#connected = false;
    this.#problem = error;
    this.changed.raise();
  }

  /** Waits until the sink is connected and may be written to. Returns whether it is: false at the end. */
  async ready(): Promise<boolean> {
    while (!this.#ended) {
      if (this.#connected && !this.#stopped) return true;
      if (this.#connected) await this.changed.next();
      else if (!(await this.#reconnect())) return false;
    }
    return false;
  }

  /** Notes that rows were answered. */
  worked(): void {
    this.#attempts = 0;
    this.#lastAttemptMade = false;
    this.pauses.reset();
  }

  /**
   * Waits until a sink that is busy may be called again: when it wakes, which it may have done since it had woken
   * `wakes` times, or after `ms` milliseconds.
   */
  async wokenSince(wakes: number, ms: number): Promise<void> {
    if (this.port.wakes === wakes) await this.changed.next(ms);
    else await nextTurn();
  }

  /** Makes the sink usable again after an error of a call. */
  async recover(error: TenonError): Promise<void> {
    this.lost(error);
    await this.port
      .renew(error)
      .catch((problem) => this.lost(asTenonError(problem, 'ERR_TENON_CALL_FAILED', 'renew failed')));
  }

  /** Sends messages to the sink, and handles what it answers. */
  async send(messages: readonly Contra[]): Promise<void> {
    const generation = this.#generation;
    const answers = await this.port.contraflow(messages);
    // The answers of an instance that is gone concern nothing any more.
    if (generation !== this.#generation || !this.#connected) return;
    this.take(answers);
    this.onAnswers(answers);
    this.changed.raise();
  }

  /** Handles what the sink says about the circuit. */
  take(answers: readonly Required<Contra>[]): void {
    for (const { what } of answers) {
      if (what === 'close') this.#stopped = true;
      else if (what === 'open') this.#stopped = false;
    }
  }

  /** Ends all waiting. */
  end(): void {
    this.#ended = true;
    this.changed.raise();
    this.pauses.hurry();
  }

  /** Connects again, after a pause if that was tried before. Returns whether it may be tried again if it failed. */
  async #reconnect(): Promise<boolean> {
    if (this.#attempts > 0) await this.pauses.next();
    if (this.#ended || this.#connected) return true;
    const last = this.pauses.hurried;
    if (last && this.#lastAttemptMade) return false;
    this.#lastAttemptMade = last;
    this.#attempts += 1;
    try {
      await this.connect();
    } catch (error) {
      await this.recover(asTenonError(error, 'ERR_TENON_CALL_FAILED', 'connect failed'));
      if (last) return false;
    }
    return true;
  }

  #woken(): void {
    this.#askAgain = true;
    if (!this.#asking) void this.#ask();
  }

  async #ask(): Promise<void> {
    const generation = this.#generation;
    this.#asking = true;
    try {
      while (this.#askAgain && !this.#ended && generation === this.#generation) {
        this.#askAgain = false;
        await this.send([]);
        if (this.#askAgain) await nextTurn();
      }
    } catch (error) {
      if (generation === this.#generation)
        this.lost(asTenonError(error, 'ERR_TENON_CALL_FAILED', 'contraflow failed'));
    } finally {
      if (generation === this.#generation) {
        this.#asking = false;
        this.changed.raise();
      }
    }
  }
}

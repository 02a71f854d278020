/** A flow that runs: a source, stages, a ledger and sinks. */
import { asTenonError, type TenonError } from '../base/errors.js';
import { checkKnown, checkMilliseconds, readOptions } from '../base/options.js';
import { Timer } from '../base/timer.js';
import { Acknowledger } from './acknowledger.js';
import type { Chain, ChainResult } from './chain.js';
import type { Checkpoint } from './checkpoints.js';
import type { Credit, Promises } from './contra.js';
import { DeadLetterOffice } from './dead-letters.js';
import type { FlowPlan } from './flow.js';
import type { EventFrame } from './frame.js';
import { nowNs } from './frame-builder.js';
import { endFrameUse, useFrame } from './frame-memory.js';
import type { Guarantee } from './guarantee.js';
import { Times } from './histograms.js';
import { Ledger, type Leftover, rangesIn } from './ledger.js';
import type { FlowMetrics, FlowState } from './metrics.js';
import { metricsOf, rowBlocker } from './observe.js';
import type { Parcel } from './parcel.js';
import { Pauses, type ReconnectOptions } from './pauses.js';
import { CLOSING, type SourcePort } from './ports.js';
import type { Refused } from './shipment.js';
import type { SinkManager } from './sink-manager.js';
import { SourceManager } from './source-manager.js';
import { atMost } from './turns.js';

/** The parts of a flow, which its world opened. */
export interface FlowParts {
  readonly plan: FlowPlan;
  readonly sourceName: string;
  readonly source: SourcePort;
  readonly reconnect: ReconnectOptions;
  readonly chain: (time: (stage: string, ms: number) => void) => Chain;
  readonly sinks: (giveUp: ((name: string, refused: Refused) => void) | null) => readonly SinkManager[];
  readonly dead: SinkManager | null;
  readonly checkpoint: Checkpoint | null;
  readonly guarantee: Guarantee;
  /** Closes what was opened. */
  readonly close: () => Promise<void>;
}

/** The options of {@link RunningFlow.drain}. */
export interface DrainOptions {
  /** Milliseconds after which it returns what has not ended by then. Default 10 000. */
  readonly timeout?: number;
}

/** The most that one pull brings: enough that the cost of a call does not matter. */
const MOST_PULLED: Credit = { rows: 65_536, bytes: 1024 * 1024 };
const NS_PER_US = 1000n;
const FOREVER = 2 ** 31 - 1;

/** A flow that runs. {@link World.deploy} makes it. */
export class RunningFlow {
  /** The name of the flow. */
  readonly name: string;
  /**
   * Is fulfilled when the flow has ended: its source was done, or it was drained or closed. Is rejected when the flow
   * failed by an error that is not one of its connectors or stages. Then `close()` returns what has not ended.
   */
  readonly ended: Promise<readonly Leftover[]>;
  readonly #parts: FlowParts;
  readonly #ledger: Ledger;
  readonly #source: SourceManager;
  readonly #chain: Chain;
  readonly #sinks: readonly SinkManager[];
  readonly #acks: Acknowledger;
  readonly #dead: DeadLetterOffice;
  readonly #latency = new Times();
  readonly #stageTimes = new Map<string, Times>();
  readonly #need: number;
  /** The frame that the stages work on, which the ledger does not know yet. */
  #inStages: EventFrame | null = null;
  /** Keeps the process alive: a source that is idle may have no other handle. */
  readonly #alive = setInterval(() => undefined, FOREVER);
  #resolveEnded: (leftover: readonly Leftover[]) => void = () => undefined;
  #rejectEnded: (error: TenonError) => void = () => undefined;
  #failure: TenonError | undefined;
  #pulling: Promise<void> = Promise.resolve();
  #ending: Promise<readonly Leftover[]> | undefined;
  #state: FlowState = 'running';

  /** Use {@link World.deploy}. */
  constructor(parts: FlowParts) {
    const { plan, sourceName } = parts;
    this.name = plan.name;
    this.ended = new Promise((resolve, reject) => {
      this.#resolveEnded = resolve;
      this.#rejectEnded = reject;
    });
    this.#parts = parts;
    this.#ledger = new Ledger({ ended: (frame) => this.#record(frame), changed: () => this.#changed() });
    this.#chain = parts.chain((stage, ms) => this.#timeOf(stage).record(ms * 1000));
    const place = { flow: plan.name, source: sourceName };
    this.#dead = new DeadLetterOffice(
      place,
      parts.dead,
      this.#ledger,
      (fails) => void this.#source.tell(fails),
    );
    this.#sinks = parts.sinks(
      parts.dead === null ? null : (name, refused) => this.#dead.takeRefused(name, refused),
    );
    this.#need = this.#sinks.filter(({ settings }) => settings.required).length;
    const owner = {
      name: sourceName,
      room: () => this.#room(),
      take: (frame: EventFrame) => this.#take(frame).catch((error: unknown) => this.#fail(error)),
      connected: (promises: Required<Promises>) => parts.guarantee.source(promises),
    };
    const resume = parts.checkpoint?.positions ?? new Map<bigint, bigint>();
    this.#source = new SourceManager(parts.source, new Pauses(parts.reconnect), owner, resume);
    this.#acks = new Acknowledger(this.#ledger, this.#source, parts.checkpoint, parts.guarantee);
    for (const { connection, settings } of this.#sinks)
      connection.onConnected = ({ durable }) => parts.guarantee.sink(settings.name, durable);
    for (const sink of this.#all()) sink.onFailed = (error) => this.#fail(error);
  }

  /** The state of the flow. */
  get state(): FlowState {
    if (this.#state !== 'running') return this.#state;
    if (this.#source.state === 'paused') return 'paused';
    return rowBlocker(this.#all(), this.#dead.blockage) === null ? 'running' : 'blocked';
  }

  /** Connects everything, and begins to pull. @throws TenonError if a part refuses to connect */
  async start(): Promise<void> {
    for (const sink of this.#all()) await sink.start();
    try {
      await this.#source.connect();
    } catch (error) {
      const problem = asTenonError(
        error,
        'ERR_TENON_CALL_FAILED',
        `connect of ${this.#parts.sourceName} failed`,
      );
      if (problem.status !== 'TENON_CLOSED') throw problem;
      this.#source.lost(problem);
    }
    this.#parts.guarantee.deploy();
    this.#pulling = this.#source.run();
    this.#pulling.then(
      () => (this.#ending === undefined ? this.#end(null) : undefined),
      (error: unknown) => this.#fail(error),
    );
  }

  /** Returns the counters, the states and the times of the flow now. */
  metrics(): FlowMetrics {
    return metricsOf({
      name: this.name,
      state: this.state,
      sourceName: this.#parts.sourceName,
      source: this.#source,
      ledger: this.#ledger,
      sinks: this.#all(),
      blockage: this.#dead.blockage,
      stages: this.#stageTimes,
      latency: this.#latency,
      checkpoints: this.#parts.checkpoint?.writes ?? 0,
    });
  }

  /**
   * Returns the times from the reading of an event until it ended, in microseconds: for each percentile, the time within
   * which so many percent of the events ended.
   */
  latencyAt(percentiles: readonly number[]): number[] {
    return percentiles.map((percentile) => this.#latency.at(percentile));
  }

  /** Stops pulling. What is in flight goes on. */
  async pause(): Promise<void> {
    await this.#source.pause(true);
  }

  /** Pulls again after {@link pause}. */
  async resume(): Promise<void> {
    await this.#source.pause(false);
  }

  /**
   * Ends the flow in order: the source takes in nothing new, what it has is pulled, stages give out what they hold, and
   * sinks answer. Pauses between attempts are cut short: a connector that is not connected gets one last attempt. What a
   * stage holds of a source that can replay is not given out, because it is read again. Returns what has not ended, as
   * exact ranges.
   * @throws TenonError ERR_TENON_INVALID_ARGUMENT for an unknown option or a timeout that is not a duration
   */
  async drain(options: DrainOptions = {}): Promise<readonly Leftover[]> {
    const { timeout = 10_000 } = readOptions('options', options);
    checkKnown('drain', options, ['timeout']);
    checkMilliseconds('timeout', timeout, { zero: true });
    if (this.#ending === undefined) this.#state = 'draining';
    return await this.#end(timeout);
  }

  /** Ends the flow at once. Returns what has not ended. */
  close(): Promise<readonly Leftover[]> {
    return this.#end(0);
  }

  /** Ends the flow. Null means that the source is done by itself, and there is no hurry. */
  #end(timeout: number | null): Promise<readonly Leftover[]> {
    if (this.#ending !== undefined && timeout !== null) this.#hurry(timeout);
    this.#ending ??= this.#endOnce(timeout);
    return this.#ending;
  }

  #hurry: (timeout: number) => void = () => undefined;

  async #endOnce(timeout: number | null): Promise<readonly Leftover[]> {
    const timers: Timer[] = [];
    const late = new Promise<void>((resolve) => {
      this.#hurry = (ms) => {
        for (const sink of this.#all()) sink.hurry();
        timers.push(new Timer(ms, resolve));
      };
    });
    if (timeout !== null) {
      this.#source.drain();
      this.#hurry(timeout);
    }
    const finished = this.#finish(timeout !== null).catch((error: unknown) => this.#fail(error));
    await Promise.race([finished, late]);
    for (const timer of timers) timer.cancel();
    return await this.#stop();
  }

  /** Waits until everything has ended. */
  async #finish(drained: boolean): Promise<void> {
    // After a required sink gave up, there is never room again, for which the source may wait.
    const required = this.#sinks.filter(({ settings }) => settings.required);
    if (drained) void Promise.race(required.map((sink) => sink.stuck())).then(() => this.#source.end());
    await this.#pulling;
    if (!drained || !this.#source.replays)
      for (const [stream, last] of this.#source.openStreams)
        this.#accept(await this.#chain.finish(stream, last));
    await Promise.all(required.map((sink) => sink.drained()));
    // The others get only the time that they use.
    await Promise.all(
      this.#sinks.filter(({ settings }) => !settings.required).map((sink) => sink.drainedInTime()),
    );
    await this.#parts.dead?.drained();
  }

  async #stop(): Promise<readonly Leftover[]> {
    const failure = this.#failure; // later errors come from closing what still works
    this.#source.end();
    await this.#acks.close();
    const { sourceName } = this.#parts;
    const leftover = [
      ...this.#ledger.leftover(sourceName),
      ...rangesIn(this.#inStages, sourceName),
      ...rangesIn(this.#source.ahead, sourceName),
    ];
    const { source } = this.#parts;
    // A connector that never closes must not keep the flow from its end.
    const ends = [...this.#all().map((sink) => sink.close()), source.close().catch(() => undefined)];
    await atMost(CLOSING, Promise.all(ends));
    await atMost(CLOSING, this.#chain.close());
    await this.#parts.close();
    clearInterval(this.#alive);
    this.#state = 'ended';
    if (failure === undefined) this.#resolveEnded(leftover);
    else this.#rejectEnded(failure);
    return leftover;
  }

  #all(): readonly SinkManager[] {
    const { dead } = this.#parts;
    return dead === null ? this.#sinks : [...this.#sinks, dead];
  }

  #room(): Credit | null {
    const { rows, bytes } = this.#parts.plan.inFlight;
    const [inRows, inBytes] = [this.#inStages?.rows ?? 0, this.#inStages?.bytes.length ?? 0];
    const left = { rows: rows - this.#ledger.rows - inRows, bytes: bytes - this.#ledger.bytes - inBytes };
    if (left.rows <= 0 || left.bytes <= 0 || this.#dead.blockage !== undefined) return null;
    return { rows: Math.min(left.rows, MOST_PULLED.rows), bytes: Math.min(left.bytes, MOST_PULLED.bytes) };
  }

  /** Ends the flow at once, because of an error that no part of it is to blame for. */
  #fail(thrown: unknown): void {
    this.#failure ??= asTenonError(thrown, 'ERR_TENON_CALL_FAILED', `Flow ${this.name} failed`);
    void this.#end(0);
  }

  /** Passes a frame of the source through the stages and on to the sinks. */
  async #take(frame: EventFrame): Promise<void> {
    this.#inStages = frame;
    const made = await this.#throughStages(frame);
    this.#accept(made);
    this.#inStages = null;
    endFrameUse(frame);
    this.#source.roomy();
  }

  /** Enters what came out of the stages into the ledger, and gives it to the sinks. */
  #accept({ entries, dead, filtered }: ChainResult): void {
    this.#ledger.filtered(filtered);
    for (const rows of dead) this.#dead.takeRows(rows);
    for (const { frame, runs } of entries) {
      if (frame === null) this.#ledger.note(runs);
      else this.#offer(frame, this.#ledger.enter(frame, runs, this.#need));
    }
  }

  /** Passes a frame through the stages. If they fail as a whole, so do its rows. */
  async #throughStages(frame: EventFrame): Promise<ChainResult> {
    try {
      return await this.#chain.process(frame);
    } catch (thrown) {
      const error = asTenonError(thrown, 'ERR_TENON_CALL_FAILED', `The stages of flow ${this.name} failed`);
      return { entries: [], dead: [{ frame: useFrame(frame), error }], filtered: 0 };
    }
  }

  #offer(frame: EventFrame, parcel: Parcel): void {
    for (const sink of this.#sinks) {
      sink.offer(frame, (rows, ending) => {
        if (!sink.settings.required) return;
        if (rows === null) parcel.settle(ending);
        else parcel.settleRows(rows, ending);
      });
    }
  }

  #changed(): void {
    this.#source.roomy();
    this.#acks.changed();
  }

  /** Records the time from reading to the end, for each run of events that were read together. */
  #record(frame: EventFrame): void {
    const now = nowNs();
    const add = (ingest: bigint, count: number): void =>
      this.#latency.record(now > ingest ? Number((now - ingest) / NS_PER_US) : 0, count);
    if (frame.ingest === null) {
      add(frame.ingestNs, frame.rows);
      return;
    }
    let from = 0;
    for (let row = 1; row <= frame.rows; row++) {
      if (row < frame.rows && frame.ingest[row] === frame.ingest[from]) continue;
      add(frame.ingestOf(from), row - from);
      from = row;
    }
  }

  #timeOf(stage: string): Times {
    let times = this.#stageTimes.get(stage);
    if (times === undefined) {
      times = new Times();
      this.#stageTimes.set(stage, times);
    }
    return times;
  }
}

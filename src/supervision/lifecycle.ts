/**
 * The successive processes of a plugin: starts them, notices their end and restarts them as the policy
 * allows.
 */

import { tellCrash, tellRestart } from '../base/diagnostics.js';
import { asTenonError, type TenonError, type TenonErrorCode } from '../base/errors.js';
import { isLack } from '../base/resources.js';
import { Timer } from '../base/timer.js';
import { wasSuspended } from '../tiers/process/errors.js';
import type { RunnerExit } from '../tiers/process/settings.js';
import type { CallOptions } from '../tiers/tier.js';
import { Budget } from './budget.js';
import { CrashReport, crashError } from './crash-report.js';
import { crowdedError, downError, lackingError, lateError, stoppedError } from './errors.js';
import { endIn, type Generation, Generations } from './generations.js';
import type { SupervisorEventMap, SupervisorOptions } from './options.js';
import { checkRestart, type RestartPolicy } from './restart.js';
import type { Runner, StartRunner } from './runner.js';
import { StateMachine, type SupervisorState } from './states.js';
import { WaitingRoom } from './waiting-room.js';

/** Codes of a start that failed because of files, not of the plugin. */
const OUTSIDE: ReadonlySet<TenonErrorCode> = new Set([
  'ERR_TENON_UNREADABLE',
  'ERR_TENON_NOT_FOUND',
  'ERR_TENON_UNTRUSTED',
]);

/** The listener for the events of the processes. */
export interface LifecycleListener {
  /** A process is ready. */
  running(runner: Runner): void;
  /** The process is gone, or was requested to stop. */
  lost(): void;
  /** Returns whether the supervisor has listeners of the event. */
  wanted(name: keyof SupervisorEventMap): boolean;
  /** The instance that is being recreated. Undefined if none is, or if it is not the only one being made. */
  recreating(): { fail(error: TenonError, crashed: boolean): void } | undefined;
  /** An event for the supervisor's listeners. */
  emit<K extends keyof SupervisorEventMap>(name: K, ...values: SupervisorEventMap[K]): void;
}

/** The number of such errors that are kept. More do not make the pause longer. */
const MAX_LACKS = 16;

export class Lifecycle {
  readonly room: WaitingRoom;
  readonly policy: RestartPolicy | null;
  readonly #start: StartRunner;
  readonly #options: SupervisorOptions;
  readonly #listener: LifecycleListener;
  readonly #machine = new StateMachine();
  readonly #budget: Budget;
  readonly #generations = new Generations();
  #generation = 0;
  /** The errors of the last starts for which the system lacked a resource, since the last start that succeeded. */
  #lacks: readonly TenonError[] = [];
  /** The pause before a restart. */
  #pause: Timer | undefined;
  #launching: Promise<void> = Promise.resolve();
  #halting: Promise<void> | undefined;
  /** Whether the stop is part of a restart. */
  #restarting = false;

  /** @throws TenonError ERR_TENON_INVALID_ARGUMENT that names the option */
  constructor(start: StartRunner, options: SupervisorOptions, listener: LifecycleListener) {
    this.#start = start;
    this.#options = options;
    this.#listener = listener;
    this.policy = checkRestart(options.restart);
    this.#budget = new Budget(this.policy, options);
    this.room = new WaitingRoom(options.maxInFlight ?? 1024, {
      full: (limit) => crowdedError(options, limit),
      late: (timeout) => lateError(options, timeout),
    });
  }

  get state(): SupervisorState {
    return this.#machine.state;
  }

  get generation(): number {
    return this.#generation;
  }

  get reasons(): readonly TenonError[] {
    return this.#budget.reasons;
  }

  /** The running process. Undefined if there is none. */
  get runner(): Runner | undefined {
    const runner = this.state === 'running' ? this.#generations.latest?.runner : undefined;
    return runner?.alive ? runner : undefined;
  }

  async start(): Promise<void> {
    if (this.state === 'stopped') {
      await this.#launch();
      if (this.#budget.failure !== undefined) throw this.reasons.at(-1) ?? this.#budget.failure;
    }
    await this.ready();
  }

  async ready(options?: CallOptions): Promise<void> {
    const since = performance.now();
    while (this.runner === undefined) {
      this.#checkHope();
      await this.#awaitDecision(options, undefined, since);
    }
  }

  async restart(graceMs: number): Promise<void> {
    this.#restarting = true;
    try {
      await this.#halt(graceMs);
      this.#budget.reset();
      if (this.#restarting && this.state === 'stopped') await this.#launch();
    } finally {
      this.#restarting = false;
    }
    await this.ready();
  }

  stop(graceMs: number): Promise<void> {
    this.#restarting = false;
    return this.#halt(graceMs);
  }

  /** Returns the running process. @throws TenonError with the reason if there is none */
  requireRunner(): Runner {
    const { runner } = this;
    if (runner !== undefined) return runner;
    this.#checkHope();
    throw this.#down();
  }

  /**
   * Returns the running process, or the next one if calls wait for it.
   * @throws TenonError with the reason if there is none
   */
  async awaitRunner(options?: CallOptions): Promise<Runner> {
    options?.signal?.throwIfAborted();
    const { whenDown = 'fail', timeout } = this.#options;
    const since = performance.now();
    for (;;) {
      const { runner } = this;
      if (runner !== undefined) return runner;
      this.#checkHope();
      if (whenDown === 'fail') throw this.#down();
      await this.#awaitDecision(options, timeout, since);
    }
  }

  /** Returns the error of a call in a generation, with the crash report if a crash was the cause. */
  explain(error: unknown, generation: number): Promise<unknown> {
    this.#learn(error, generation);
    return this.#generations.explain(error, generation);
  }

  explainNow(error: unknown, generation: number): unknown {
    this.#learn(error, generation);
    return this.#generations.explainNow(error, generation);
  }

  /** Starts the next generation. The promise is fulfilled when the start has succeeded or failed. */
  #launch(): Promise<void> {
    this.#generation += 1;
    this.#step('starting');
    this.#launching = this.#bringUp(this.#generations.begin(this.#generation));
    return this.#launching;
  }

  async #bringUp(generation: Generation): Promise<void> {
    try {
      generation.runner = await this.#start(generation.number, {
        stdout: (line) => this.#listener.emit('stdout', line),
        stderr: (line) => this.#listener.emit('stderr', line),
        wanted: (stream) => this.#listener.wanted(stream),
        exit: (exit) => this.#ended(generation, exit),
      });
    } catch (error) {
      const what = `Cannot start a process for ${this.#options.plugin}`;
      const failed = asTenonError(error, 'ERR_TENON_CRASHED', what);
      if (this.state !== 'starting') return;
      if (isLack(failed)) this.#lack(failed);
      else this.#crash(generation, failed, OUTSIDE.has(failed.code) || wasSuspended(failed));
      return;
    }
    if (this.state !== 'starting') return;
    if (generation.report !== undefined) return this.#crash(generation, crashError(generation.report));
    generation.since = performance.now();
    this.#budget.started();
    this.#lacks = [];
    this.#step('running');
    this.#listener.running(generation.runner);
  }

  /** Records the end of a process from the error of a call. A blocking call sees it before the event loop. */
  #learn(error: unknown, generation: number): void {
    const found = this.#generations.find(generation);
    const exit = endIn(error);
    if (found !== undefined && exit?.generation === generation) this.#ended(found, exit);
  }

  /** Handles the end of a process. It is a crash unless it was requested. */
  #ended(generation: Generation, exit: RunnerExit): void {
    if (generation.report !== undefined) return;
    const report = new CrashReport(exit, this.#options);
    generation.report = report;
    generation.reported.resolve(report);
    if (report.crashed) tellCrash(report);
    this.#listener.emit('exit', report);
    if (this.#generations.latest !== generation || this.state !== 'running') return;
    const outside = report.reason === 'suspended';
    const culprit = report.call?.stage === 'new' && !outside ? this.#listener.recreating() : undefined;
    if (culprit === undefined) this.#crash(generation, crashError(report), outside);
    else this.#crashIn(culprit, crashError(report));
  }

  /**
   * Handles the end of a process by an instance that was being recreated. The other instances are recreated at
   * once. This costs no budget but that of the instance, which waits for its next attempt.
   */
  #crashIn(culprit: { fail(error: TenonError, crashed: boolean): void }, error: TenonError): void {
    culprit.fail(error, true);
    this.#listener.lost();
    this.#step('crashed');
    this.#backOff(0);
  }

  /** `outside`: the plugin is not at fault, so its digest is not blamed, and no restart is spent. */
  #crash(generation: Generation, error: TenonError, outside = false): void {
    this.#listener.lost();
    this.#step('crashed');
    const delay = outside ? this.#budget.excuse(generation, error) : this.#budget.charge(generation, error);
    if (delay === null) {
      if (!outside) this.#options.onFailed?.(error);
      this.#step('failed');
    } else this.#backOff(delay);
  }

  /**
   * Handles a start for which the system lacked a resource. That says nothing about the plugin. The first start
   * fails, since its caller gets the error. Later ones are tried again for as long as it takes.
   */
  #lack(error: TenonError): void {
    this.#lacks = [...this.#lacks, error].slice(-MAX_LACKS);
    this.#step('crashed');
    const delay = this.#generation === 1 ? null : this.#budget.pauseAfter(this.#lacks.length);
    if (delay === null) {
      this.#budget.fail(error);
      this.#step('failed');
    } else this.#backOff(delay);
  }

  #backOff(delay: number): void {
    const generation = this.#generation + 1;
    this.#step('backing-off');
    tellRestart(this.#options.plugin, generation, delay);
    this.#listener.emit('restart', { generation, delay });
    if (delay === 0) {
      void this.#launch();
      return;
    }
    this.#pause = new Timer(delay, () => void this.#launch());
    // A pause alone must not keep the program running. A call that waits for its end must.
    if (this.room.empty) this.#pause.unref();
  }

  #halt(graceMs: number): Promise<void> {
    if (this.state === 'stopped') return Promise.resolve();
    this.#halting ??= this.#stopAll(graceMs).finally(() => {
      this.#halting = undefined;
    });
    return this.#halting;
  }

  async #stopAll(graceMs: number): Promise<void> {
    this.#pause?.cancel();
    this.#step('stopping');
    this.#listener.lost();
    await this.#launching;
    const generation = this.#generations.latest;
    try {
      if (generation?.runner !== undefined && generation.report === undefined) {
        this.#ended(generation, await generation.runner.stop(graceMs));
      }
    } finally {
      this.#step('stopped');
    }
  }

  #step(to: SupervisorState): void {
    const from = this.#machine.to(to);
    this.#listener.emit('state', { from, to, generation: this.#generation });
    if (to === 'running' || to === 'failed' || to === 'stopped') this.room.decide();
  }

  #awaitDecision(
    options: CallOptions | undefined,
    timeout: number | undefined,
    since: number,
  ): Promise<void> {
    this.#pause?.ref();
    return this.room.awaitDecision(options, timeout, since);
  }

  /** @throws TenonError if no process will start */
  #checkHope(): void {
    if (this.#restarting) return;
    if (this.state === 'failed') throw this.#budget.failure ?? stoppedError(this.#options);
    if (this.state === 'stopped' || this.state === 'stopping') throw stoppedError(this.#options);
  }

  #down(): TenonError {
    const state = this.state === 'running' ? 'crashed' : this.state;
    const lack = this.#lacks.at(-1);
    return lack === undefined
      ? downError(this.#options, state, this.reasons.at(-1))
      : lackingError(this.#options, state, lack);
  }
}

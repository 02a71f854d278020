/** The lifetime of one runner: its process and its channel, from the start to the report of its end. */

import type { ProcessFacts } from '../../addon/process.js';
import { isStopped } from '../../base/process-id.js';
import { Timer } from '../../base/timer.js';
import type { RunnerChannel } from './channel.js';
import { RunnerChild, standardStreams } from './child.js';
import { exceptionOf } from './exceptions.js';
import { keepInput } from './kept-input.js';
import { PipeChannel } from './pipe/channel.js';
import { Stage } from './protocol.js';
import {
  announcedEnd,
  type CallNames,
  callOf,
  endOf,
  faultOf,
  type KillReason,
  LONGEST_DIGESTED,
  ownInput,
  problemOf,
  reasonOf,
} from './report.js';
import {
  type KeptInput,
  longestResult,
  type RunnerCall,
  type RunnerExit,
  type RunnerSettings,
} from './settings.js';
import { SharedMemoryChannel } from './shared-memory/channel.js';
import { programOf, spawnRunner } from './spawn.js';

/** Milliseconds for the end of a process that announced it. */
const ENDING_MS = 100;
/** Milliseconds for the exit status of a process that has ended. Other code may have collected it. */
const STATUS_MS = 100;
/** Milliseconds for the end of a killed process, which may be in an uninterruptible system call. */
const REAP_MS = 5000;
/**
 * Milliseconds for which a synchronous call waits for the end of a process, first for one that it announced, then
 * for one by its keeper.
 */
const BLOCKED_MS = 40;

/** The shortest time between two warnings of lost output. */
const LOSS_MS = 1000;

/** Receives the output and the end of a runner. */
export interface LifetimeListener {
  stdout(line: string): void;
  stderr(line: string): void;
  /** Returns whether a listener waits for the lines of the stream. */
  wanted(stream: 'stdout' | 'stderr'): boolean;
  /** Resolves the numbers of a breadcrumb. */
  readonly names: CallNames;
  /** Called when the process could not be started. */
  failed(cause: Error): void;
  /** Called when the process has ended and everything is cleaned up. */
  finished(exit: RunnerExit): void;
}

/** The lifetime of one runner. */
export class RunnerLifetime {
  readonly settings: RunnerSettings;
  readonly program: string;
  readonly channel: RunnerChannel;
  readonly child: RunnerChild;
  /** Whether the runner was asked to end. */
  stopping = false;
  readonly #listener: LifetimeListener;
  #killed: KillReason | null = null;
  #why: string | null = null;
  #exit: RunnerExit | undefined;
  #finished = false;

  /**
   * Starts the process.
   * @throws TenonError ERR_TENON_UNSUPPORTED
   * @throws the system's error if it lacks a resource
   */
  constructor(settings: RunnerSettings, listener: LifetimeListener) {
    this.settings = settings;
    this.#listener = listener;
    this.program = programOf(settings);
    const { limits } = settings;
    const pipe = settings.transport === 'pipe' ? new PipeChannel(longestResult(limits)) : undefined;
    this.channel = pipe ?? new SharedMemoryChannel(settings.profile, limits);
    try {
      const child = spawnRunner(this.program, settings, this.channel.files, pipe?.output);
      const streams = pipe?.streams(child) ?? standardStreams(child);
      // Its listeners come first: without one, the error of a failed start would end this process.
      this.child = new RunnerChild(child, streams, {
        stdout: (line) => listener.stdout(line),
        stderr: (line) => listener.stderr(line),
        wanted: (stream) => listener.wanted(stream),
        lost: lossWarning(settings.plugin),
        earlier: (stream) => this.channel.capturedOutput(stream),
        failed: (cause) => this.#fail(cause),
        exited: () => !this.#finished && this.channel.finish(),
      });
      pipe?.connect(child);
    } catch (error) {
      this.channel.close();
      throw error;
    }
  }

  /** The id of the process that loaded the plugin. */
  get pid(): number {
    return this.child.pluginPid ?? -1;
  }

  /** Whether requests can be sent. */
  get alive(): boolean {
    return !this.#finished && this.#exit === undefined && this.#killed === null;
  }

  get finished(): boolean {
    return this.#finished;
  }

  /** Whether the process was killed because it did not answer in time, while something had stopped it. */
  get suspended(): boolean {
    return this.#killed === 'suspended';
  }

  /** The report of its end, as soon as that is known. */
  get exit(): RunnerExit | undefined {
    return this.#exit;
  }

  /** Keeps the event loop alive until the end of the process, which `ended` reports. Returns `ended`. */
  holdUntil<T>(ended: Promise<T>): Promise<T> {
    if (!this.#finished) this.child.hold();
    return ended;
  }

  /**
   * Ends the process and everything that it started. `why` is a clause for the report. A process that was stopped
   * when its time was up says nothing about the plugin, so its end has a reason of its own.
   */
  kill(reason: Exclude<KillReason, 'suspended'>, why: string | null = null): void {
    if (this.#killed !== null || this.#exit !== undefined || this.#finished) return;
    const suspended = reason === 'timeout' && isStopped(this.pid);
    this.#killed = suspended ? 'suspended' : reason;
    this.#why = suspended ? null : why;
    this.child.samplePeak();
    this.child.kill();
    setTimeout(() => this.#finish(), REAP_MS).unref();
  }

  /** Ends the process because it broke the protocol. */
  breach(): void {
    if (this.#finished) return;
    this.channel.break();
    this.kill('protocol');
  }

  /**
   * Blocks until a process that is about to end has ended, and returns the report. A process that does not end
   * soon is killed. The report is then preliminary, because a plugin may have stopped its keeper.
   */
  endNow(): RunnerExit {
    if (this.#exit !== undefined) return this.#exit;
    if (!this.channel.awaitEnd(BLOCKED_MS)) this.child.kill();
    if (!this.channel.awaitEnd(BLOCKED_MS)) return this.#report();
    this.#exit = this.#report();
    return this.#exit;
  }

  /** Called when the channel reports that the process will end, or that it broke the protocol. */
  ending(): void {
    if (this.#finished) return;
    this.child.samplePeak();
    if (this.channel.facts()?.broken !== null) this.kill('protocol');
    else setTimeout(() => this.#expectEnd(), ENDING_MS).unref();
  }

  /** Ends a process that announced its end, unless it has ended. */
  #expectEnd(): void {
    if (this.#finished) return;
    if (this.channel.awaitEnd(0)) {
      this.ended();
      return;
    }
    this.child.kill();
    setTimeout(() => this.#finish(), REAP_MS).unref();
  }

  /**
   * Called when the channel reports that the process has ended, and when its exit status was collected. If this
   * process did not collect it, another thread of it did, or the program ignores SIGCHLD.
   */
  ended(): void {
    if (this.#finished) return;
    if (this.channel.facts()?.end != null || this.child.end !== null) this.#finish();
    else setTimeout(() => this.#endUnseen(), STATUS_MS);
  }

  #endUnseen(): void {
    if (this.#finished) return;
    this.child.lose();
    this.#finish();
  }

  #fail(cause: Error): void {
    this.#finished = true;
    this.channel.close();
    this.#listener.failed(cause);
  }

  #finish(): void {
    if (this.#finished) return;
    this.child.killGroups();
    this.#exit ??= this.#report();
    this.#finished = true;
    this.child.close();
    this.channel.close();
    this.#listener.finished(this.#exit);
  }

  #report(): RunnerExit {
    const { settings, child } = this;
    child.drain();
    const facts = this.channel.facts();
    const last = (facts && endOf(facts)) ?? child.end ?? { code: null, signal: null };
    const end = facts === undefined || this.#killed !== null ? last : announcedEnd(last, facts);
    const reason = facts === undefined ? 'killed' : reasonOf(end, facts, this.#killed, this.stopping);
    const about =
      facts === undefined || reason === 'stopped' ? { call: null, kept: null } : this.#call(facts);
    return {
      generation: settings.generation,
      pid: this.pid,
      code: end.code,
      signal: end.signal,
      exception: exceptionOf(end.code),
      reason,
      problem: this.#why ?? (facts === undefined ? null : problemOf(end, facts)),
      ...about,
      fault: facts === undefined ? null : faultOf(facts),
      stdout: child.stdoutTail,
      stderr: child.stderrTail,
      uptimeMs: child.uptimeMs,
      peakRss: child.peak,
    };
  }

  /** The call in flight, and its input where that is to be kept. */
  #call(facts: ProcessFacts): { readonly call: RunnerCall | null; readonly kept: KeptInput | null } {
    const { crashInputs } = this.settings;
    const { names } = this.#listener;
    const input = this.channel.callInput(Math.max(LONGEST_DIGESTED, crashInputs?.bytes ?? 0));
    return { call: callOf(facts, names, input), kept: this.#keep(facts, ownInput(facts, input)) };
  }

  #keep({ call }: ProcessFacts, input: Buffer | null): KeptInput | null {
    const { crashInputs, plugin } = this.settings;
    if (crashInputs === undefined || input === null || input.length > crashInputs.bytes) return null;
    if (call.stage === Stage.NEW)
      return keepInput(crashInputs, { plugin, method: null, input: null, config: input });
    const method = this.#listener.names.methodTarget(call.method);
    if (call.stage !== Stage.CALL || method === undefined) return null;
    const config = this.#listener.names.configOf(call.instance) ?? new Uint8Array(0);
    return keepInput(crashInputs, { plugin, method, input, config });
  }
}

/** Warns of lost output at most once a second: a flood must not become one of warnings. */
function lossWarning(plugin: string): (bytes: number) => void {
  let lost = 0;
  let timer: Timer | undefined;
  const warn = () => {
    const message = `Plugin ${plugin} printed so much at once that ${lost} bytes of it were lost. Print less, or use call() instead of callSync().`;
    process.emitWarning(message, { type: 'TenonWarning', code: 'TENON_OUTPUT_LOST' });
    lost = 0;
  };
  return (bytes) => {
    lost += bytes;
    if (timer !== undefined) return;
    warn();
    timer = new Timer(LOSS_MS, () => {
      timer = undefined;
      if (lost > 0) warn();
    }).unref();
  };
}

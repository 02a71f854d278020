/** The life of one runner: its process and its channel, from the start to a report of the end. */
import type { ProcessFacts } from '../../addon/process.js';
import type { RunnerChannel } from './channel.js';
import { RunnerChild } from './child.js';
import { keepInput } from './kept-input.js';
import { PipeChannel } from './pipe/channel.js';
import { Stage } from './protocol.js';
import {
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
import type { KeptInput, RunnerCall, RunnerExit, RunnerSettings } from './settings.js';
import { SharedMemoryChannel } from './shared-memory/channel.js';
import { FIRST_FILE, programOf, spawnRunner } from './spawn.js';

/** How long a process that says it ends may take for it. */
const ENDING_MS = 100;
/** How long a killed process may take, before it is given up: it sits in a system call that cannot be interrupted. */
const REAP_MS = 5000;

export interface LifetimeListener {
  stdout(line: string): void;
  stderr(line: string): void;
  /** What the numbers of a breadcrumb stand for. */
  readonly names: CallNames;
  /** The process never ran. */
  failed(cause: Error): void;
  /** It has ended, and nothing is left of it. */
  finished(exit: RunnerExit): void;
}

export class RunnerLifetime {
  readonly settings: RunnerSettings;
  readonly program: string;
  readonly channel: RunnerChannel;
  readonly child: RunnerChild;
  /** It was asked to end. */
  stopping = false;
  readonly #listener: LifetimeListener;
  #killed: KillReason | null = null;
  #exit: RunnerExit | undefined;
  #finished = false;

  /** @throws TenonError ERR_TENON_UNSUPPORTED; what the system says if it is out of something */
  constructor(settings: RunnerSettings, listener: LifetimeListener) {
    this.settings = settings;
    this.#listener = listener;
    this.program = programOf(settings);
    const pipe = settings.transport === 'pipe' ? new PipeChannel() : undefined;
    this.channel = pipe ?? new SharedMemoryChannel(settings.profile);
    try {
      const child = spawnRunner(this.program, settings, this.channel.files);
      pipe?.connect(child, FIRST_FILE);
      this.child = new RunnerChild(child, {
        stdout: (line) => listener.stdout(line),
        stderr: (line) => listener.stderr(line),
        lost: (bytes) => warnOfLost(settings.plugin, bytes),
        earlier: (stream) => this.channel.capturedOutput(stream),
        failed: (cause) => this.#fail(cause),
        exited: () => !this.#finished && this.channel.finish(),
      });
    } catch (error) {
      this.channel.close();
      throw error;
    }
  }

  /** Of the process that has the plugin. */
  get pid(): number {
    return this.child.pluginPid ?? -1;
  }

  /** Whether requests have a chance. */
  get alive(): boolean {
    return !this.#finished && this.#exit === undefined && this.#killed === null;
  }

  get finished(): boolean {
    return this.#finished;
  }

  /** How it ended, as soon as that is known. */
  get exit(): RunnerExit | undefined {
    return this.#exit;
  }

  /** Ends the process and what it has started. */
  kill(reason: KillReason): void {
    if (this.#killed !== null || this.#exit !== undefined || this.#finished) return;
    this.#killed = reason;
    this.child.samplePeak();
    this.child.kill();
    setTimeout(() => this.#finish(), REAP_MS).unref();
  }

  /** It broke the protocol. */
  breach(): void {
    if (this.#finished) return;
    this.channel.break();
    this.kill('protocol');
  }

  /** Waits, blocking, for the end of a process that is about to end, and says how it ended. */
  endNow(): RunnerExit {
    if (this.#exit !== undefined) return this.#exit;
    if (!this.channel.awaitEnd(ENDING_MS)) {
      this.child.kill();
      if (!this.channel.awaitEnd(REAP_MS)) this.child.killGroup();
    }
    this.#exit = this.#report();
    return this.#exit;
  }

  /** The channel says that the process will end, or that it broke the protocol. */
  ending(): void {
    if (this.#finished) return;
    this.child.samplePeak();
    if (this.channel.facts()?.broken !== null) this.kill('protocol');
    else setTimeout(() => !this.#finished && this.child.kill(), ENDING_MS).unref();
  }

  /** The channel says that the process has ended. Where that cannot be seen it comes once more, when the end was collected. */
  ended(): void {
    if (this.channel.facts()?.end != null || this.child.end !== null) this.#finish();
  }

  #fail(cause: Error): void {
    this.#finished = true;
    this.channel.close();
    this.#listener.failed(cause);
  }

  #finish(): void {
    if (this.#finished) return;
    this.child.killGroup();
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
    const end = (facts && endOf(facts)) ?? child.end ?? { code: null, signal: null };
    const reason = facts === undefined ? 'killed' : reasonOf(end, facts, this.#killed, this.stopping);
    const about =
      facts === undefined || reason === 'stopped' ? { call: null, kept: null } : this.#call(facts);
    return {
      generation: settings.generation,
      pid: this.pid,
      code: end.code,
      signal: end.signal,
      reason,
      problem: facts === undefined ? null : problemOf(end, facts),
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

function warnOfLost(plugin: string, bytes: number): void {
  const message = `Plugin ${plugin} printed so much in a synchronous call that ${bytes} bytes of it are lost. Use call.`;
  process.emitWarning(message, { type: 'TenonWarning', code: 'TENON_OUTPUT_LOST' });
}

/** The process of a runner and its keeper: its standard streams, and the end of it. `native/runner/keeper.h` says what a keeper is. */
import type { ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';
import { parentOf } from '../../base/process-id.js';
import type { Earlier } from './captured-output.js';
import { ProcessOutput } from './output.js';
import { type ProcessEnd, peakOf } from './report.js';

export interface ChildListener {
  stdout(line: string): void;
  stderr(line: string): void;
  /** So many bytes of a standard stream were too many to be kept. */
  lost(bytes: number): void;
  /** What was read from stdout (0) or stderr (1) by somebody else. */
  earlier(stream: 0 | 1): Earlier | null;
  /** It never ran. */
  failed(cause: Error): void;
  /** It ended, and its end was collected: its number may belong to another process from now on. */
  exited(): void;
}

/** How long a keeper may take to end all that the plugin has started, before its own group is killed. */
const KEEPER_MS = 3000;

export class RunnerChild {
  /** The keeper's: the process that was started. */
  readonly pid: number | undefined;
  readonly #child: ChildProcess;
  readonly #stdout: ProcessOutput | undefined;
  readonly #stderr: ProcessOutput | undefined;
  readonly #startedAt = performance.now();
  #end: ProcessEnd | null = null;
  #peak: number | null = null;
  #pluginPid: number | undefined;
  #told = false;

  constructor(child: ChildProcess, listener: ChildListener) {
    this.#child = child;
    this.pid = child.pid;
    child.unref();
    child.on('error', (cause) => child.pid === undefined && listener.failed(cause));
    child.on('exit', (code, signal) => {
      this.#end = { code, signal };
      listener.exited();
    });
    if (child.pid === undefined) return;
    const lost = (bytes: number) => listener.lost(bytes);
    this.#stdout = new ProcessOutput(child.stdout as Socket, {
      line: (line) => listener.stdout(line),
      earlier: () => listener.earlier(0),
      lost,
    });
    this.#stderr = new ProcessOutput(child.stderr as Socket, {
      line: (line) => listener.stderr(line),
      earlier: () => listener.earlier(1),
      lost,
    });
  }

  /** How it ended, once that was collected. */
  get end(): ProcessEnd | null {
    return this.#end;
  }

  get uptimeMs(): number {
    return performance.now() - this.#startedAt;
  }

  get stdoutTail(): string {
    return this.#stdout?.tail ?? '';
  }

  get stderrTail(): string {
    return this.#stderr?.tail ?? '';
  }

  /** The most memory that it was seen with, in bytes. */
  get peak(): number | null {
    return this.#peak;
  }

  /** The process that has the plugin, as far as that is known. */
  get pluginPid(): number | undefined {
    return this.#pluginPid ?? this.pid;
  }

  /** It says that the plugin is in the process `pid`, which is only believed of a child of the keeper. */
  hasPluginIn(pid: number): void {
    if (parentOf(pid) === this.pid) this.#pluginPid = pid;
  }

  /** Looks how much memory it had so far. */
  samplePeak(): void {
    const { pluginPid } = this;
    if (pluginPid !== undefined && this.#end === null) this.#peak = peakOf(pluginPid) ?? this.#peak;
  }

  /** stdout and stderr; none if it never ran. */
  get streams(): readonly Socket[] {
    return [this.#child.stdout, this.#child.stderr].filter((stream) => stream !== null) as Socket[];
  }

  /** Tells what it printed while a synchronous call waited. */
  catchUp(): void {
    this.#stdout?.catchUp();
    this.#stderr?.catchUp();
  }

  /** Takes what it wrote, without waiting. */
  drain(): void {
    this.#stdout?.drain();
    this.#stderr?.drain();
  }

  /** Ends it and what it has started: its keeper sees to that. */
  kill(): void {
    if (this.pid === undefined || this.#end !== null || this.#told) return;
    this.#told = true;
    signal(this.pid, 'SIGTERM');
    setTimeout(() => this.#end === null && this.killGroup(), KEEPER_MS).unref();
  }

  /**
   * For a keeper that does not do as it is told. Its group keeps its number until its end was collected, and as long as anybody is
   * in it; a process that has this number afterwards is another one, and tells that nobody was.
   */
  killGroup(): void {
    if (this.pid === undefined || (this.#end !== null && exists(this.pid))) return;
    signal(-this.pid, 'SIGKILL');
  }

  /** Lets go of its streams. */
  close(): void {
    this.#stdout?.close();
    this.#stderr?.close();
    this.#child.stdin?.destroy();
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended.
  }
}

function exists(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

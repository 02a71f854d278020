/**
 * The process of a runner and its keeper: its standard streams and its end. `native/runner/keeper.h`
 * describes the keeper.
 */
import type { ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';
import { reapAtEnd } from '../../addon/reaper.js';
import { type ProcessId, parentOf, startTime } from '../../base/process-id.js';
import type { Earlier } from './captured-output.js';
import type { OutputStream } from './file.js';
import { ProcessOutput } from './output.js';
import { type ProcessEnd, peakOf } from './report.js';

/** Receives the output and the end of a runner's process. */
export interface ChildListener {
  stdout(line: string): void;
  stderr(line: string): void;
  /** Returns whether a listener waits for the lines of the stream. */
  wanted(stream: 'stdout' | 'stderr'): boolean;
  /** Called when that many bytes of a standard stream were dropped. */
  lost(bytes: number): void;
  /** Returns what other code has read from stdout (0) or stderr (1). */
  earlier(stream: 0 | 1): Earlier | null;
  /** Called when the process could not be started. */
  failed(cause: Error): void;
  /**
   * Called when the process has ended and its exit status was collected. Its id may belong to another process
   * from now on.
   */
  exited(): void;
}

/**
 * A keeper has this many times this many milliseconds to end everything that the plugin started, before its own
 * group is killed. Turns are counted because this process or the keeper may be stopped for longer than that.
 */
const KEEPER_TURNS = 6;
const KEEPER_MS = 500;

/** Returns stdout and stderr of a process; none if it never started. */
export function standardStreams({ stdout, stderr }: ChildProcess): readonly Socket[] {
  return [stdout, stderr].filter((stream) => stream !== null && stream !== undefined) as Socket[];
}

/** The process of a runner. */
export class RunnerChild {
  /** The id of the process that was started, which is the keeper. */
  readonly pid: number | undefined;
  /** The streams of stdout and stderr; none if the process never started. */
  readonly streams: readonly OutputStream[];
  readonly #child: ChildProcess;
  readonly #stdout: ProcessOutput | undefined;
  readonly #stderr: ProcessOutput | undefined;
  readonly #startedAt = performance.now();
  #end: ProcessEnd | null = null;
  #peak: number | null = null;
  #plugin: ProcessId | undefined;
  #terminating = false;

  constructor(child: ChildProcess, streams: readonly OutputStream[], listener: ChildListener) {
    this.#child = child;
    this.streams = streams;
    this.pid = child.pid;
    child.unref();
    child.on('error', (cause) => child.pid === undefined && listener.failed(cause));
    child.on('exit', (code, signal) => {
      this.#end = { code, signal };
      listener.exited();
    });
    if (child.pid === undefined) return;
    reapAtEnd(child);
    const lost = (bytes: number) => listener.lost(bytes);
    const [stdout, stderr] = streams;
    if (stdout === undefined || stderr === undefined) return;
    this.#stdout = new ProcessOutput(stdout, {
      line: (line) => listener.stdout(line),
      wanted: () => listener.wanted('stdout'),
      earlier: () => listener.earlier(0),
      lost,
    });
    this.#stderr = new ProcessOutput(stderr, {
      line: (line) => listener.stderr(line),
      wanted: () => listener.wanted('stderr'),
      earlier: () => listener.earlier(1),
      lost,
    });
  }

  /** The end of the process, once its exit status was collected. */
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

  /** The peak memory that was observed, in bytes; null if it is unknown. */
  get peak(): number | null {
    return this.#peak;
  }

  /** The id of the process that loaded the plugin, as far as it is known. */
  get pluginPid(): number | undefined {
    return this.#plugin?.pid ?? this.pid;
  }

  /**
   * Sets the process that loaded the plugin. A runner could report any id, so it must be a child of the
   * keeper.
   */
  hasPluginIn(pid: number): void {
    const start = startTime(pid);
    if (start !== undefined && parentOf(pid) === this.pid) this.#plugin = { pid, start };
  }

  /** Updates the observed peak memory. */
  samplePeak(): void {
    const { pluginPid } = this;
    if (pluginPid !== undefined && this.#end === null) this.#peak = peakOf(pluginPid) ?? this.#peak;
  }

  /** Keeps the event loop alive until the process has ended. */
  hold(): void {
    this.#child.ref();
  }

  /** Delivers the output that was captured while a synchronous call waited. */
  catchUp(): void {
    this.#stdout?.catchUp();
    this.#stderr?.catchUp();
  }

  /** Reads the available output without waiting. */
  drain(): void {
    this.#stdout?.drain();
    this.#stderr?.drain();
  }

  /** Ends the process and everything that it started. Its keeper does this, even if the plugin has stopped it. */
  kill(): void {
    if (this.pid === undefined || this.#end !== null || this.#terminating) return;
    this.#terminating = true;
    signal(this.pid, 'SIGTERM');
    signal(this.pid, 'SIGCONT');
    this.#killLater(KEEPER_TURNS);
  }

  #killLater(turns: number): void {
    const turn = (): void => {
      if (this.#end !== null) return;
      if (turns > 1) this.#killLater(turns - 1);
      else this.killGroups();
    };
    setTimeout(turn, KEEPER_MS).unref();
  }

  /** Declares that the process has ended although its exit status cannot be known: other code collected it. */
  lose(): void {
    this.#end ??= { code: null, signal: null };
  }

  /**
   * Kills the groups of the keeper and of the plugin, in case the keeper does not end or was killed. A group
   * keeps its id until the exit status of its leader is collected, and as long as it has members. If another
   * process has the id afterwards, it was reused, so the group was empty.
   */
  killGroups(): void {
    if (this.pid !== undefined && !(this.#end !== null && exists(this.pid))) signal(-this.pid, 'SIGKILL');
    const plugin = this.#plugin;
    if (plugin === undefined) return;
    if (!exists(plugin.pid) || startTime(plugin.pid) === plugin.start) signal(-plugin.pid, 'SIGKILL');
  }

  /** Closes the streams. */
  close(): void {
    this.#stdout?.close();
    this.#stderr?.close();
    this.#child.stdin?.destroy();
    // Node.js never reports the end if other code has collected it, or if SIGCHLD is ignored.
    this.#child.unref();
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // The process has ended.
  }
}

function exists(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

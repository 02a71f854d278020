/**
 * Gate `probe`: a throwaway process opens the plugin and runs the gates `open` to `vtable`, so a crash, exit
 * or hang there does not affect the host. The native runner takes a few milliseconds. A Node child, which
 * replaces a runner that was not built, takes some hundred milliseconds. All processes and file descriptors
 * are cleaned up, except for processes that the plugin moved to a session of their own.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import type { Readable, Writable } from 'node:stream';
import { findRunner } from '../addon/native-files.js';
import { prepareToReap, reapAtEnd } from '../addon/reaper.js';
import { AttentiveTimer } from '../base/attention.js';
import { asTenonError, TenonError } from '../base/errors.js';
import { checkMilliseconds } from '../base/options.js';
import { lackIn, requireDescriptors } from '../base/resources.js';
import { Timer } from '../base/timer.js';
import type { LibraryFacts } from '../inspect/facts.js';
import { refusal, type Stage } from '../library/refusal.js';
import { parseName, parseVersion } from '../library/statements.js';
import { type Confinement, confinementArguments } from '../tiers/process/confinement.js';
import { endedEarly, notStarted, scribbled, timedOut } from './probe-errors.js';
import { findNodeProbe, probeEnvironment } from './probe-program.js';
import {
  GO,
  LineReader,
  PROBE_IN,
  PROBE_OUT,
  type ProbeRecord,
  parseRecord,
  type SlotOffsets,
  startLine,
} from './probe-protocol.js';

export interface ProbeOptions {
  /** Milliseconds from the start of the process to its verdict. Default: 5000. */
  readonly timeout?: number | undefined;
  /**
   * Checks the ABI version before any other function of the plugin is called. Throws a TenonError to refuse
   * it.
   */
  accept(version: string): void;
  /** The native runner; null for a Node child. Default: the runner that {@link findRunner} returns. */
  readonly runner?: string | null | undefined;
  /** The path in error messages, if the file is a copy of it. */
  readonly shown?: string | undefined;
  /**
   * The confinement of the plugin, which the probe then uses too. For the native runner only. Default: none.
   */
  readonly confinement?: Confinement | undefined;
}

/** The statements of a plugin that passed. */
export interface ProbeVerdict {
  /** The ABI version. */
  readonly version: string;
  /** The name of the plugin. */
  readonly name: string;
  /** The size of its vtable in bytes. */
  readonly size: number;
  /** The flags of its vtable. */
  readonly flags: number;
  /** The addresses of its slots. */
  readonly slots: SlotOffsets;
  /** The paths of the libraries that were loaded with it, as far as they are known. */
  readonly loaded: readonly string[];
}

export const DEFAULT_PROBE_TIMEOUT = 5000;
/** The number of bytes that are kept from the end of each of the plugin's standard streams. */
const KEPT_OUTPUT = 16 * 1024;
/**
 * Milliseconds to wait for output that the process wrote before its end. More time would only help a process
 * that escaped and holds the pipe.
 */
const DRAIN_MS = 200;
/** Milliseconds to wait for the end of a killed process, which may be in an uninterruptible system call. */
const REAP_MS = 2000;
/** The number of libraries beyond which reports are from a plugin that wrote to the channel. */
const MOST_LOADED = 4096;

/**
 * Probes the library at `path` in a process of its own.
 * @throws TenonError ERR_TENON_PROBE_CRASHED, ERR_TENON_PROBE_EXITED, ERR_TENON_PROBE_TIMEOUT with the gate
 *   `probe`
 * @throws TenonError ERR_TENON_NO_RESOURCES if the system currently lacks a resource for it
 * @throws TenonError ERR_TENON_UNSUPPORTED if no probe can be started
 * @throws the errors of {@link openLibrary} and of the methods of a library, with their gates
 * @throws the error of `accept`
 */
export async function probe(path: string, facts: LibraryFacts, options: ProbeOptions): Promise<ProbeVerdict> {
  const { timeout = DEFAULT_PROBE_TIMEOUT, runner = findRunner() } = options;
  checkMilliseconds('timeout', timeout);
  return begin(runner, path, facts, options).finish(timeout);
}

/** Starts the process. Some failures to start it are thrown, others are events. */
function begin(runner: string | null, path: string, facts: LibraryFacts, options: ProbeOptions): ProbeRun {
  try {
    requireDescriptors();
    return new ProbeRun(runner, path, facts, options);
  } catch (error) {
    if (lackIn(error) === undefined) throw error;
    throw notStarted(options.shown ?? path, runner ?? process.execPath, error as Error);
  }
}

/** The end of a stream of bytes. */
class Tail {
  #bytes = Buffer.alloc(0);

  push(chunk: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, chunk.subarray(-KEPT_OUTPUT)]).subarray(-KEPT_OUTPUT);
  }

  text(): string | undefined {
    return this.#bytes.length === 0 ? undefined : this.#bytes.toString();
  }
}

/** One process, from its start to its end. */
class ProbeRun {
  readonly #child: ChildProcess;
  readonly #program: string;
  readonly #path: string;
  readonly #shown: string;
  readonly #accept: (version: string) => void;
  readonly #nonce = randomBytes(8).toString('hex');
  readonly #stdout = new Tail();
  readonly #stderr = new Tail();
  readonly #lines = new LineReader();
  readonly #verdict: { -readonly [member in keyof ProbeVerdict]?: ProbeVerdict[member] } = {};
  readonly #loaded: string[] = [];
  #stage: Stage | null = null;
  /** The outcome, as soon as it is known. After that, only the end of the process is awaited. */
  #outcome: ProbeVerdict | TenonError | undefined;
  #settle: () => void = () => {};

  constructor(
    runner: string | null,
    path: string,
    facts: LibraryFacts,
    { accept, shown = path, confinement }: ProbeOptions,
  ) {
    const begin = runner === null ? [findNodeProbe()] : [];
    this.#program = runner ?? process.execPath;
    this.#path = path;
    this.#shown = shown;
    this.#accept = accept;
    const confined =
      confinement === undefined ? [] : confinementArguments(confinement.limits, confinement.sandbox);
    prepareToReap();
    this.#child = spawn(this.#program, [...begin, 'probe', path, ...confined], {
      // A process group of its own can be ended as a whole.
      detached: process.platform !== 'win32',
      windowsHide: true,
      env: confinement === undefined ? probeEnvironment() : { ...confinement.env },
      cwd: confinement?.cwd,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'],
    });
    reapAtEnd(this.#child);
    this.#child.on('error', (cause) => {
      this.#outcome ??= notStarted(this.#shown, this.#program, cause, confinement?.cwd);
      this.#settle();
    });
    this.#stream(1)?.on('data', (chunk: Buffer) => this.#stdout.push(chunk));
    this.#stream(2)?.on('data', (chunk: Buffer) => this.#stderr.push(chunk));
    this.#stream(PROBE_OUT)?.on('data', (chunk: Buffer) => this.#receive(chunk));
    // Writing to a process that has ended is not an error of its own. The end of the process is.
    for (const stream of this.#streams()) stream?.on('error', () => {});
    this.#write(startLine(this.#nonce, process.pid));
    if (runner === null) this.#write(`${JSON.stringify({ ...facts, exports: [], needed: [] })}\n`);
  }

  /** Waits for the end of the process, and kills it when the time is over. */
  finish(timeout: number): Promise<ProbeVerdict> {
    return new Promise((resolve, reject) => {
      const timers: { cancel(): void }[] = [
        new AttentiveTimer(timeout, () => this.#end(timedOut(this.#shown, this.#stage, timeout))),
        new AttentiveTimer(timeout + REAP_MS, () => this.#settle()),
      ];
      let ended: { code: number | null; signal: NodeJS.Signals | null } | undefined;
      let over = false;
      this.#settle = () => {
        over = true;
        for (const timer of timers) timer.cancel();
        this.#child.off('exit', onExit).off('close', this.#settle);
        this.#child.unref(); // its end may never be reported
        for (const stream of this.#streams()) stream?.destroy();
        const outcome =
          this.#outcome ?? endedEarly(this.#shown, this.#stage, this.#program, ended, this.#stderr.text());
        if (!(outcome instanceof TenonError)) resolve(outcome);
        else
          reject(
            outcome.with({ path: this.#shown, stdout: this.#stdout.text(), stderr: this.#stderr.text() }),
          );
      };
      const onExit = (code: number | null, signal: NodeJS.Signals | null): void => {
        ended = { code, signal };
        this.#killGroup();
        if (this.#outcome !== undefined && !(this.#outcome instanceof TenonError)) this.#settle();
        else timers.push(new Timer(DRAIN_MS, () => this.#settle()));
      };
      this.#child.on('exit', onExit).on('close', this.#settle);
      this.#stream(PROBE_OUT)?.on('close', () => {
        if (!over) timers.push(new Timer(DRAIN_MS, () => this.#lose()));
      });
    });
  }

  /**
   * Settles although no one reported the end of the process: other code in this process has collected its exit
   * status, or the program ignores SIGCHLD.
   */
  #lose(): void {
    if (this.#outcome !== undefined || !this.#exists()) this.#settle();
  }

  #exists(): boolean {
    try {
      return process.kill(this.#child.pid ?? 0, 0);
    } catch {
      return false;
    }
  }

  /**
   * Returns the pipes to the process. Returns none if the process could not be started for lack of file
   * descriptors.
   */
  #streams(): readonly (Readable | Writable | null | undefined)[] {
    return (this.#child.stdio as ChildProcess['stdio'] | undefined) ?? [];
  }

  #stream(descriptor: number): Readable | undefined {
    return this.#streams()[descriptor] as Readable | undefined;
  }

  #write(line: string): void {
    (this.#streams()[PROBE_IN] as Writable | undefined)?.write(line);
  }

  #receive(chunk: Buffer): void {
    for (const line of this.#lines.push(chunk)) {
      if (this.#outcome !== undefined) return;
      const record = parseRecord(line, this.#nonce);
      if (record === null) this.#end(scribbled(this.#shown, this.#stage, line));
      else this.#take(record);
    }
  }

  #take(record: ProbeRecord): void {
    try {
      this.#judge(record);
    } catch (error) {
      const refused = asTenonError(error, 'ERR_TENON_LOAD_FAILED', `Cannot load ${this.#shown}`);
      this.#end(refused.with({ gate: this.#stage ?? 'probe' }));
    }
  }

  #judge(record: ProbeRecord): void {
    switch (record.verb) {
      case 'stage':
        this.#stage = record.stage;
        return;
      case 'loaded':
        if (this.#loaded.length < MOST_LOADED) this.#loaded.push(record.bytes.toString());
        return;
      case 'version':
        this.#verdict.version = parseVersion(record.bytes, this.#shown);
        this.#accept(this.#verdict.version);
        this.#write(GO);
        return;
      case 'name':
        this.#verdict.name = parseName(record.bytes, this.#shown);
        return;
      case 'vtable':
        Object.assign(this.#verdict, { size: record.size, flags: record.flags, slots: record.slots });
        return;
      case 'fail':
        throw refusal(record.code, this.#stage ?? 'open', this.#shown, this.#asShown(record.problem));
      case 'done':
        this.#verdict.loaded = this.#loaded;
        this.#end(isComplete(this.#verdict) ? this.#verdict : scribbled(this.#shown, this.#stage, 'done'));
    }
  }

  /** Replaces the path that the process opened by the path that the user passed. */
  #asShown(problem: string): string {
    return problem.replaceAll(this.#path, this.#shown);
  }

  #end(outcome: ProbeVerdict | TenonError): void {
    if (this.#outcome !== undefined) return;
    this.#outcome = outcome;
    this.#killGroup();
  }

  /**
   * Kills the process and the processes that it started. The id of a group is not reused while the group has
   * members.
   */
  #killGroup(): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    try {
      if (process.platform === 'win32') this.#child.kill('SIGKILL');
      else process.kill(-pid, 'SIGKILL');
    } catch {
      // The group is empty.
    }
  }
}

function isComplete(verdict: Partial<ProbeVerdict>): verdict is ProbeVerdict {
  return verdict.version !== undefined && verdict.name !== undefined && verdict.slots !== undefined;
}

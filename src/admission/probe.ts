/**
 * Gate `probe`: a throwaway process opens the plugin and walks the gates `open` to `vtable`, so that what crashes, exits or hangs
 * on the way in does it there. The native runner takes a few milliseconds, a Node child (where the runner is not built) some
 * hundred. Neither a process nor a file descriptor is left behind, except processes that the plugin moved to a session of their own.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import type { Readable, Writable } from 'node:stream';
import { findRunner } from '../addon/native-files.js';
import { asTenonError, invalidArgument, TenonError } from '../base/errors.js';
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
  /** Milliseconds from the start of the process to its verdict; 5000 unless told. */
  readonly timeout?: number | undefined;
  /** Judges the ABI version before anything else of the plugin is called. Refuses by throwing a TenonError. */
  accept(version: string): void;
  /** The native runner; null for a Node child. Unless told, the runner that {@link findRunner} finds. */
  readonly runner?: string | null | undefined;
  /** The path that errors name, where the file is a copy of what the user named. */
  readonly shown?: string | undefined;
  /** What the plugin will be confined by when it runs. The native runner only; unless told, it is as free as the host. */
  readonly confinement?: Confinement | undefined;
}

/** What a plugin that passed states about itself. */
export interface ProbeVerdict {
  readonly version: string;
  readonly name: string;
  /** Size and flags of its vtable. */
  readonly size: number;
  readonly flags: number;
  readonly slots: SlotOffsets;
}

export const DEFAULT_PROBE_TIMEOUT = 5000;
/** Of each of the plugin's standard streams the end is kept. */
const KEPT_OUTPUT = 16 * 1024;
/** How long to wait for what the process wrote before it ended. Longer only helps a process that escaped and holds the pipe. */
const DRAIN_MS = 200;
/** How long a killed process may take to end before it is given up (it sits in an uninterruptible system call). */
const REAP_MS = 2000;

/**
 * Tries the library at `path` in a process of its own.
 * @throws TenonError ERR_TENON_PROBE_CRASHED, ERR_TENON_PROBE_EXITED, ERR_TENON_PROBE_TIMEOUT with the gate `probe`; what
 *   {@link openLibrary} and the methods of a library throw, with their gates; what `accept` throws; ERR_TENON_UNSUPPORTED if no
 *   probe can be started
 */
export async function probe(path: string, facts: LibraryFacts, options: ProbeOptions): Promise<ProbeVerdict> {
  const { timeout = DEFAULT_PROBE_TIMEOUT, runner = findRunner() } = options;
  if (!Number.isFinite(timeout) || timeout < 1 || timeout > 2 ** 31 - 1) {
    throw invalidArgument('timeout', `must be 1 to ${2 ** 31 - 1} milliseconds, not ${timeout}`);
  }
  const run = new ProbeRun(runner, path, facts, options);
  return run.finish(timeout);
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
  #stage: Stage | null = null;
  /** What the process came to, as soon as that is known; from then on it is only waited for its end. */
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
    this.#child = spawn(this.#program, [...begin, 'probe', path, ...confined], {
      // A process group of its own can be ended as a whole.
      detached: process.platform !== 'win32',
      windowsHide: true,
      env: confinement === undefined ? probeEnvironment() : { ...confinement.env },
      cwd: confinement?.cwd,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'],
    });
    this.#child.on('error', (cause) => {
      this.#outcome ??= notStarted(this.#shown, this.#program, cause);
      this.#settle();
    });
    this.#stream(1)?.on('data', (chunk: Buffer) => this.#stdout.push(chunk));
    this.#stream(2)?.on('data', (chunk: Buffer) => this.#stderr.push(chunk));
    this.#stream(PROBE_OUT)?.on('data', (chunk: Buffer) => this.#receive(chunk));
    // Writing to a process that has ended is no failure of its own: how it ended is.
    for (const stream of this.#streams()) stream?.on('error', () => {});
    this.#write(startLine(this.#nonce, process.pid));
    if (runner === null) this.#write(`${JSON.stringify({ ...facts, exports: [], needed: [] })}\n`);
  }

  /** Waits for the end of the process, and makes it end. */
  finish(timeout: number): Promise<ProbeVerdict> {
    return new Promise((resolve, reject) => {
      const timers = [new Timer(timeout, () => this.#end(timedOut(this.#shown, this.#stage, timeout)))];
      timers.push(new Timer(timeout + REAP_MS, () => this.#settle()));
      let ended: { code: number | null; signal: NodeJS.Signals | null } | undefined;
      this.#settle = () => {
        for (const timer of timers) timer.cancel();
        this.#child.removeAllListeners('exit').removeAllListeners('close');
        for (const stream of this.#streams()) stream?.destroy();
        const outcome =
          this.#outcome ?? endedEarly(this.#shown, this.#stage, this.#program, ended, this.#stderr.text());
        if (!(outcome instanceof TenonError)) resolve(outcome);
        else
          reject(
            outcome.with({ path: this.#shown, stdout: this.#stdout.text(), stderr: this.#stderr.text() }),
          );
      };
      this.#child.on('exit', (code, signal) => {
        ended = { code, signal };
        this.#killGroup();
        if (this.#outcome !== undefined && !(this.#outcome instanceof TenonError)) this.#settle();
        else timers.push(new Timer(DRAIN_MS, () => this.#settle()));
      });
      this.#child.on('close', () => this.#settle());
    });
  }

  /** The pipes to the process; none if it could not be started for want of file descriptors. */
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
        this.#end(isComplete(this.#verdict) ? this.#verdict : scribbled(this.#shown, this.#stage, 'done'));
    }
  }

  /** The process knows only the path that it opened. */
  #asShown(problem: string): string {
    return problem.replaceAll(this.#path, this.#shown);
  }

  #end(outcome: ProbeVerdict | TenonError): void {
    if (this.#outcome !== undefined) return;
    this.#outcome = outcome;
    this.#killGroup();
  }

  /** Ends the process and what it started. The id of a group is not given to another process while the group has members. */
  #killGroup(): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    try {
      if (process.platform === 'win32') this.#child.kill('SIGKILL');
      else process.kill(-pid, 'SIGKILL');
    } catch {
      // Nobody is left in the group.
    }
  }
}

function isComplete(verdict: Partial<ProbeVerdict>): verdict is ProbeVerdict {
  return verdict.version !== undefined && verdict.name !== undefined && verdict.slots !== undefined;
}

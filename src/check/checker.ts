/** Runs one scenario in a separate process, `tenon-checker`, and reports how the process ended. */

import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import type { Readable, Writable } from 'node:stream';
import { buildNativePart, type CheckerName } from '../addon/build.js';
import { builtFile, isExecutable, isWhole, nativeFile, whyUnusable } from '../addon/native-files.js';
import { probeEnvironment } from '../admission/probe-program.js';
import { LineReader } from '../admission/probe-protocol.js';
import { ignoreAbort, listenForAbort } from '../base/abort.js';
import { messageOf, TenonError } from '../base/errors.js';
import { isCheckout } from '../base/package.js';
import { requireDescriptors } from '../base/resources.js';
import { Timer } from '../base/timer.js';
import { type CheckerRecord, parseRecord } from './report-lines.js';
import type { CheckOptions, Sanitizer } from './settings.js';

/** The way a process ended. `lost`: it wrote something other than a report, so its later output is not trusted. */
export type CheckerEnd = 'done' | 'signal' | 'exit' | 'hang' | 'lost' | 'aborted' | 'not-started';

export interface CheckerRun {
  readonly end: CheckerEnd;
  readonly signal: NodeJS.Signals | null;
  readonly code: number | null;
  /** All reports except the final `done`. */
  readonly records: readonly CheckerRecord[];
  readonly stdout: string;
  readonly stderr: string;
  readonly ms: number;
}

export interface CheckerOptions {
  readonly program: string;
  /** The scenario, file and options that native/check/options.h parses. */
  readonly args: readonly string[];
  /** Milliseconds. */
  readonly timeout: number;
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The number of bytes kept from the end of each standard stream. */
const KEPT_OUTPUT = 16 * 1024;
/** A process that writes more reports than this is broken. */
const MAX_RECORDS = 100_000;
const REPORT_OUT = 3;
const REPORT_IN = 4;
const REAP_MS = 2000;

const nameOf = (sanitizer?: Sanitizer): CheckerName =>
  sanitizer === undefined || sanitizer === 'valgrind' ? 'tenon-checker' : `tenon-checker-${sanitizer}`;

/** Returns the path in `TENON_CHECKER`, or that of the file that is built with this package. */
function placeOf(sanitizer?: Sanitizer): string {
  const named = process.env['TENON_CHECKER'];
  return nameOf(sanitizer) === 'tenon-checker' && named !== undefined && named !== ''
    ? named
    : nativeFile(nameOf(sanitizer));
}

/**
 * Returns the path of the program that runs scenarios.
 * @throws TenonError ERR_TENON_UNSUPPORTED if the program does not exist
 */
export function findChecker(sanitizer?: Sanitizer): string {
  const path = placeOf(sanitizer);
  if (isExecutable(path) && isWhole(path)) return path;
  throw new TenonError('ERR_TENON_UNSUPPORTED', `Cannot check plugins: ${whyNot(path, sanitizer)}`, { path });
}

function whyNot(path: string, sanitizer?: Sanitizer): string {
  const name = nameOf(sanitizer);
  if (name === 'tenon-checker' && path === nativeFile(name) && !isCheckout) return whyUnusable(name);
  return `${path} is not an executable program. Build it on Linux with ${howToBuild(sanitizer)}.`;
}

function howToBuild(sanitizer?: Sanitizer): string {
  if (!isCheckout) return 'npx tenon build --checker';
  return nameOf(sanitizer) === 'tenon-checker'
    ? 'npm run build'
    : 'cmake --build build --target checkers-sanitized, after npm run build';
}

/** The attempt to build each program. It is made once, because it would fail in the same way for other checks. */
const attempts = new Map<string, Promise<void>>();

/**
 * Builds the program that runs scenarios if an installed package does not have it: where there is no package with
 * compiled files for the platform, and for sanitizers. It takes about half a minute, once per installation.
 * @throws TenonError ERR_TENON_UNSUPPORTED if the program does not exist and cannot be built
 */
export async function ensureChecker({
  sanitize,
  onBuild,
}: Pick<CheckOptions, 'sanitize' | 'onBuild'> = {}): Promise<void> {
  // The plain program starts the variant for ThreadSanitizer.
  const needed = sanitize === 'thread' ? [undefined, sanitize] : [sanitize];
  for (const sanitizer of needed) {
    const path = placeOf(sanitizer);
    if (isExecutable(path) && isWhole(path)) continue;
    if (isCheckout || process.platform !== 'linux' || path !== builtFile(nameOf(sanitizer)))
      findChecker(sanitizer);
    if (!attempts.has(path)) {
      onBuild?.(path);
      attempts.set(path, buildChecker(nameOf(sanitizer)));
    }
    await attempts.get(path);
  }
}

async function buildChecker(name: CheckerName): Promise<void> {
  try {
    await buildNativePart(name);
  } catch (error) {
    if (name !== 'tenon-checker' || !(error instanceof TenonError)) throw error;
    const message = `${error.message} Or use the compiled one. ${whyUnusable(name)}`;
    throw new TenonError('ERR_TENON_UNSUPPORTED', message, { cause: error });
  }
}

/** Runs the process to its end. Processes that it has started end with it. */
export async function runChecker(options: CheckerOptions): Promise<CheckerRun> {
  try {
    requireDescriptors();
    return await new CheckerProcess(options).finish();
  } catch (error) {
    const nothing = { signal: null, code: null, records: [], stdout: '', ms: 0 };
    return { ...nothing, end: 'not-started', stderr: messageOf(error) };
  }
}

class CheckerProcess {
  readonly #child: ChildProcess;
  readonly #options: CheckerOptions;
  readonly #nonce = randomBytes(8).toString('hex');
  readonly #lines = new LineReader();
  readonly #records: CheckerRecord[] = [];
  readonly #output = { stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) };
  readonly #began = performance.now();
  #end: CheckerEnd | undefined;

  constructor(options: CheckerOptions) {
    this.#options = options;
    this.#child = spawn(options.program, [...options.args, '--report'], {
      detached: true,
      env: { ...probeEnvironment(), ...options.env },
      stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'],
    });
    for (const stream of this.#streams()) stream?.on('error', () => undefined);
    this.#readable(1)?.on('data', (chunk: Buffer) => this.#keep('stdout', chunk));
    this.#readable(2)?.on('data', (chunk: Buffer) => this.#keep('stderr', chunk));
    this.#readable(REPORT_OUT)?.on('data', (chunk: Buffer) => this.#receive(chunk));
    (this.#streams()[REPORT_IN] as Writable | undefined)?.end(`start ${this.#nonce} ${process.pid}\n`);
  }

  finish(): Promise<CheckerRun> {
    const { timeout, signal } = this.#options;
    return new Promise((resolve) => {
      const end = (how: CheckerEnd) => this.#stop(how);
      const abort = { aborted: () => end('aborted') };
      const timers = [new Timer(timeout, () => end('hang'))];
      const settle = (code: number | null, name: NodeJS.Signals | null) => {
        for (const timer of timers) timer.cancel();
        ignoreAbort(signal, abort);
        for (const stream of this.#streams()) stream?.destroy();
        resolve(this.#result(code, name));
      };
      if (signal?.aborted) abort.aborted();
      listenForAbort(signal, abort);
      this.#child.on('error', (error) => {
        this.#end = 'not-started';
        this.#output.stderr = Buffer.from(error.message);
        settle(null, null);
      });
      this.#child.on('exit', (code, name) => {
        this.#kill();
        // A process that escaped can hold the pipes open. All output of the checker has arrived by then.
        timers.push(new Timer(REAP_MS, () => settle(code, name)));
      });
      this.#child.on('close', settle);
    });
  }

  #result(code: number | null, signal: NodeJS.Signals | null): CheckerRun {
    const { stdout, stderr } = this.#output;
    return {
      end: this.#end ?? (signal === null ? 'exit' : 'signal'),
      signal,
      code,
      records: this.#records,
      stdout: stdout.toString(),
      stderr: stderr.toString(),
      ms: performance.now() - this.#began,
    };
  }

  #streams(): readonly (Readable | Writable | null | undefined)[] {
    return (this.#child.stdio as ChildProcess['stdio'] | undefined) ?? [];
  }

  #readable(descriptor: number): Readable | undefined {
    return this.#streams()[descriptor] as Readable | undefined;
  }

  #keep(name: 'stdout' | 'stderr', chunk: Buffer): void {
    const joined = Buffer.concat([this.#output[name], chunk.subarray(-KEPT_OUTPUT)]);
    this.#output[name] = joined.subarray(-KEPT_OUTPUT);
  }

  #receive(chunk: Buffer): void {
    for (const line of this.#lines.push(chunk)) {
      if (this.#end !== undefined) return;
      const record = parseRecord(line, this.#nonce);
      if (record === null || this.#records.length >= MAX_RECORDS) this.#stop('lost');
      else if (record.type === 'done') this.#stop('done');
      else this.#records.push(record);
    }
  }

  #stop(how: CheckerEnd): void {
    if (this.#end !== undefined) return;
    this.#end = how;
    this.#kill();
  }

  /** Kills the whole process group: processes that the plugin has started must not outlive the check. */
  #kill(): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // The group has no processes left.
    }
  }
}

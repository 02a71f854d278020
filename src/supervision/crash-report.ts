/** Reports about the end of a plugin's process, as text for people and as JSON for programs. */
import { basename, dirname } from 'node:path';
import { type AttachedReport, TenonError } from '../base/errors.js';
import { quoted } from '../base/shell.js';
import { paragraph, printable } from '../base/text.js';
import { quote } from '../library/statements.js';
import { SUSPENDED } from '../tiers/process/errors.js';
import { meaningOfException } from '../tiers/process/exceptions.js';
import type { KeptInput, RunnerCall, RunnerExit } from '../tiers/process/settings.js';
import { SOMETHING } from '../tiers/tier.js';
import {
  explainFault,
  type Frame,
  hex,
  isSameFrame,
  type ReportedFault,
  showCalls,
  showFrame,
} from './fault.js';

export type { Frame, InlinedFrame, ReportedFault } from './fault.js';

/** The plugin of the process. */
export interface CrashedPlugin {
  /** The name of the plugin. */
  readonly plugin: string;
  /** The path of the file as the user gave it. */
  readonly path: string;
  /** The private copy that ran. It has the right symbols even after the file was rebuilt. Default: `path`. */
  readonly file?: string;
}

/** A kept input, and the command that uses it. */
export interface Reproduction {
  /** A shell command that repeats the call in a separate process. */
  readonly command: string;
  /** The file with the input. Null for `new`, which has no input. */
  readonly file: string | null;
  /** The file with the config of the instance. Null if the config is empty. */
  readonly config: string | null;
}

/** The maximum number of characters that are kept from the end of each standard stream. */
const TAIL = 16 * 1024;

const SIGNALS: Readonly<Partial<Record<NodeJS.Signals, string>>> = {
  SIGSEGV: 'invalid memory access',
  SIGBUS: 'access to mapped memory without backing storage',
  SIGABRT: 'abort: a failed assertion, a corrupted heap or an uncaught exception',
  SIGILL: 'illegal instruction',
  SIGFPE: 'integer division by zero or overflow',
  SIGTRAP: 'trap instruction',
  SIGSYS: 'system call forbidden by the sandbox',
  SIGXCPU: 'CPU time limit exceeded',
  SIGXFSZ: 'file size limit exceeded',
  SIGKILL: 'killed from outside: by a user, or by the system because memory ran out',
  SIGTERM: 'terminated from outside',
};

/** The end of a plugin's process. */
export class CrashReport implements AttachedReport {
  readonly plugin: string;
  readonly path: string;
  /** The number of the start of the plugin's process, counted from 1. */
  readonly generation: number;
  readonly pid: number;
  /** `stopped` means a requested end. All other values are crashes. */
  readonly reason: RunnerExit['reason'];
  /** The exit code. Null if a signal ended the process. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /**
   * On Windows: the name of the exception that ended the process, for example `EXCEPTION_ACCESS_VIOLATION`. Its number is
   * the exit code. Otherwise null.
   */
  readonly exception: string | null;
  /** The end in words, for example `was ended by SIGSEGV (invalid memory access)`. */
  readonly how: string;
  /** The call that did not return. */
  readonly call: RunnerCall | null;
  /**
   * The way to repeat the call. Null unless the plugin was loaded with `crashInputs` and the input was
   * available.
   */
  readonly reproduce: Reproduction | null;
  readonly fault: ReportedFault | null;
  /** The last 16 Ki characters of each standard stream. */
  readonly stdout: string;
  readonly stderr: string;
  readonly uptimeMs: number;
  /** The peak resident set size in bytes. */
  readonly peakRss: number | null;
  /** The time of the report, ISO 8601. */
  readonly date: string;

  constructor(exit: RunnerExit, { plugin, path, file = path }: CrashedPlugin) {
    this.plugin = plugin;
    this.path = path;
    this.generation = exit.generation;
    this.pid = exit.pid;
    this.reason = exit.reason;
    this.code = exit.code;
    this.signal = exit.signal;
    this.exception = exit.exception ?? null;
    this.how = howEnded(exit);
    this.call = exit.call;
    this.reproduce = exit.kept ? reproductionOf(exit.kept, path) : null;
    this.fault =
      exit.fault === null
        ? null
        : explainFault(exit.fault, this.signal ?? this.exception, file, [dirname(path)]);
    this.stdout = exit.stdout.slice(-TAIL);
    this.stderr = exit.stderr.slice(-TAIL);
    this.uptimeMs = exit.uptimeMs;
    this.peakRss = exit.peakRss;
    this.date = new Date().toISOString();
  }

  /** Whether the process ended without a request. */
  get crashed(): boolean {
    return this.reason !== 'stopped';
  }

  /** The report as one sentence, without a full stop. */
  get summary(): string {
    const parts = [`Plugin ${this.plugin} ${this.how}`];
    if (this.call !== null) parts.push(`in ${showCall(this.call)}`);
    const inside = this.fault?.frames.filter(({ offset }) => offset !== null) ?? [];
    const frame = inside.find((one) => one.function !== null) ?? inside[0];
    if (frame !== undefined) parts.push(`at ${showPlace(frame)}`);
    if (this.fault !== null && this.fault.address !== null) parts.push(showAddress(this.fault));
    return printable(parts.join(', '));
  }

  /** Returns the whole report, in several lines. */
  toString(): string {
    const lines = [this.summary];
    const add = (name: string, value: string) =>
      lines.push(`  ${(name === '' ? '' : `${name}:`).padEnd(12)}${printable(value)}`);
    add('file', this.path);
    add('process', `${this.pid}, generation ${this.generation}, ran for ${showTime(this.uptimeMs)}`);
    if (this.peakRss !== null) add('memory', `${(this.peakRss / 2 ** 20).toFixed(1)} MiB at most`);
    if (this.call?.inputDigest) add('input', `sha256 ${this.call.inputDigest}`);
    if (this.reproduce !== null) add('again', this.reproduce.command);
    if (this.fault !== null) {
      if (!this.fault.mainThread) add('thread', 'started by the plugin');
      for (const [name, value] of frameLines(this.fault.frames, basename(this.path))) add(name, value);
    }
    if (this.stderr !== '') lines.push('  stderr:', paragraph(this.stderr, '    '));
    return lines.join('\n');
  }

  /** Returns the report with addresses as hexadecimal strings, because JSON has no 64-bit integers. */
  toJSON(): object {
    const { fault } = this;
    return {
      ...this,
      fault: fault && {
        ...fault,
        address: fault.address === null ? null : hex(fault.address),
        pc: hex(fault.pc),
        frames: fault.frames.map((frame) => ({
          ...frame,
          address: hex(frame.address),
          offset: frame.offset === null ? null : hex(frame.offset),
        })),
      },
    };
  }
}

function reproductionOf({ method, file, config }: KeptInput, path: string): Reproduction {
  const args = ['npx', 'tenon', 'call', path.startsWith('-') ? `./${path}` : path, '--isolation', 'process'];
  if (method !== null && method !== SOMETHING.name) args.push('--method', method);
  if (config !== null) args.push('--config', `@${config}`);
  if (file !== null) args.push('--input', `@${file}`);
  return { command: quoted(args), file, config };
}

/** Returns the error for calls that fail because of the crash. */
export function crashError(report: CrashReport): TenonError {
  const words = lastLine(report.stderr);
  const said = words === '' ? '' : ` It last wrote ${quote(Buffer.from(words))}.`;
  const ran = `It was generation ${report.generation} and ran for ${showTime(report.uptimeMs)}.`;
  const advice = 'This host is unharmed. The `report` of the error has the details.';
  return new TenonError('ERR_TENON_CRASHED', `${report.summary}. ${ran}${said} ${advice}`, {
    plugin: report.plugin,
    path: report.path,
    signal: report.signal ?? undefined,
    report,
  });
}

function howEnded({ reason, code, signal, exception, problem, call }: RunnerExit): string {
  const more = problem === null || problem === '' ? '' : ` (${problem})`;
  if (reason === 'stopped') return 'stopped as requested';
  if (reason === 'timeout') return `was killed because ${problem ?? 'it did not return in time'}`;
  if (reason === 'suspended') return `was killed because it ${SUSPENDED}`;
  if (reason === 'protocol')
    return `was killed because its response was invalid${more}: most likely it overwrote memory that is shared with the host`;
  if (reason === 'killed') return problem === null ? 'was killed' : `was killed because ${problem}`;
  if (signal !== null) {
    const meaning = SIGNALS[signal];
    return `was ended by ${signal}${meaning === undefined ? '' : ` (${meaning})`}`;
  }
  if (exception) {
    const meaning = meaningOfException(exception);
    return `was ended by ${exception}${meaning === undefined ? '' : ` (${meaning})`}`;
  }
  const where = call === null ? '' : ' during a call';
  if (code === null)
    return `ended${where}, and its exit status is unknown: other code in the host collected it, or the host ignores SIGCHLD`;
  return `exited with ${code}${where}${more}: a plugin must never exit, even with code 0`;
}

function showCall({ method, number, stage, inputSize, message }: RunnerCall): string {
  const bytes = `${inputSize} ${inputSize === 1 ? 'byte' : 'bytes'}`;
  if (number === 0) return stage === 'new' ? `${method} (${bytes} of config)` : method;
  const which = message === null ? '' : `, message ${message} of a batch`;
  return `${method} (call ${number}${which}, ${bytes} of input)`;
}

/** Formats a frame as `call+0x1c (0x116c), /src/plugin.c:12`. */
function showPlace(frame: Frame): string {
  const [innermost, ...others] = showCalls(frame);
  const inlined = others.length === 0 ? '' : `${innermost?.what}, inlined into `;
  const source = innermost?.where ?? null;
  return `${inlined}${showFrame(frame)}${source === null ? '' : `, ${source}`}`;
}

/** Formats the frames as lines, one per inlined function. Only the first line of a frame has a number. */
function frameLines(frames: readonly Frame[], library: string): [name: string, value: string][] {
  return frames.flatMap((frame, depth) => {
    if (isSameFrame(frame, frames[depth - 1])) return [];
    const next = frames.findIndex((other, at) => at > depth && !isSameFrame(other, frame));
    const times = (next < 0 ? frames.length : next) - depth;
    const within = `${frame.offset === null ? '' : ` in ${library}`}`;
    const calls = showCalls(frame);
    return calls.map(({ what, where }, i): [string, string] => {
      const isLast = i === calls.length - 1;
      const place = `${what}${isLast ? within : ''}${where === null ? '' : ` at ${where}`}`;
      const suffix = isLast ? (times === 1 ? '' : `, ${times} times`) : ', inlined into';
      return [i === 0 ? `#${depth}` : '', `${place}${suffix}`];
    });
  });
}

function showAddress({ address, meaning }: ReportedFault): string {
  return `address ${hex(address ?? 0n)}${meaning === null ? '' : ` (${meaning})`}`;
}

function showTime(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

function lastLine(text: string): string {
  return text.trimEnd().split('\n').at(-1) ?? '';
}

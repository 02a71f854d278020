/** Reports about the end of a plugin's process: as text for people, as JSON for machines. */
import { basename, dirname } from 'node:path';
import { type AttachedReport, TenonError } from '../base/errors.js';
import { quoted } from '../base/shell.js';
import { paragraph, printable } from '../base/text.js';
import { quote } from '../library/statements.js';
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
  /** The file as its user knows it. */
  readonly path: string;
  /** The private copy that ran, which still has the symbols when the file was rebuilt. Default: `path`. */
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

/** Characters of the standard streams that are kept, from their end. */
const TAIL = 16 * 1024;

const SIGNALS: Readonly<Partial<Record<NodeJS.Signals, string>>> = {
  SIGSEGV: 'an access to memory that it does not have',
  SIGBUS: 'an access to memory that has nothing behind it',
  SIGABRT: 'abort: a failed assertion, a broken heap or an uncaught exception',
  SIGILL: 'an instruction that the processor does not know',
  SIGFPE: 'an integer division by zero or overflow',
  SIGTRAP: 'a trap instruction',
  SIGSYS: 'a system call that the sandbox forbids',
  SIGXCPU: 'its limit of processor time',
  SIGXFSZ: 'its limit of file size',
  SIGKILL: 'ended from outside: by somebody, or by the system for want of memory',
  SIGTERM: 'ended from outside',
};

/** The end of a plugin's process. */
export class CrashReport implements AttachedReport {
  readonly plugin: string;
  readonly path: string;
  /** Which start of the plugin's process it was, from 1 on. */
  readonly generation: number;
  readonly pid: number;
  /** `stopped` is the end that was asked for; all others are crashes. */
  readonly reason: RunnerExit['reason'];
  /** The exit code; null if a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The end in words: `ended by SIGSEGV, …`. */
  readonly how: string;
  /** The call that did not return. */
  readonly call: RunnerCall | null;
  /** The way to repeat the call. Null unless the plugin was loaded with `crashInputs` and the input was available. */
  readonly reproduce: Reproduction | null;
  readonly fault: ReportedFault | null;
  /** The last 16 KiB of what it wrote. */
  readonly stdout: string;
  readonly stderr: string;
  readonly uptimeMs: number;
  /** The most memory that it held, in bytes. */
  readonly peakRss: number | null;
  /** ISO 8601. */
  readonly date: string;

  constructor(exit: RunnerExit, { plugin, path, file = path }: CrashedPlugin) {
    this.plugin = plugin;
    this.path = path;
    this.generation = exit.generation;
    this.pid = exit.pid;
    this.reason = exit.reason;
    this.code = exit.code;
    this.signal = exit.signal;
    this.how = howEnded(exit);
    this.call = exit.call;
    this.reproduce = exit.kept ? reproductionOf(exit.kept, path) : null;
    this.fault = exit.fault === null ? null : explainFault(exit.fault, exit.signal, file, [dirname(path)]);
    this.stdout = exit.stdout.slice(-TAIL);
    this.stderr = exit.stderr.slice(-TAIL);
    this.uptimeMs = exit.uptimeMs;
    this.peakRss = exit.peakRss;
    this.date = new Date().toISOString();
  }

  /** Whether the process ended in any other way than asked. */
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

  /** All of it, in several lines. */
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
      if (!this.fault.mainThread) add('thread', 'one that the plugin has started');
      for (const [name, value] of frameLines(this.fault.frames, basename(this.path))) add(name, value);
    }
    if (this.stderr !== '') lines.push('  stderr:', paragraph(this.stderr, '    '));
    return lines.join('\n');
  }

  /** Addresses as hexadecimal text: JSON has no such numbers. */
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

/** The error for calls that a crash took along. */
export function crashError(report: CrashReport): TenonError {
  const words = lastLine(report.stderr);
  const said = words === '' ? '' : ` It last wrote ${quote(Buffer.from(words))}.`;
  const ran = `It was generation ${report.generation} and ran for ${showTime(report.uptimeMs)}.`;
  const advice = 'This host is unharmed. The error has a `report` with all that is known.';
  return new TenonError('ERR_TENON_CRASHED', `${report.summary}. ${ran}${said} ${advice}`, {
    plugin: report.plugin,
    path: report.path,
    signal: report.signal ?? undefined,
    report,
  });
}

function howEnded({ reason, code, signal, problem, call }: RunnerExit): string {
  const more = problem === null || problem === '' ? '' : ` (${problem})`;
  if (reason === 'stopped') return 'stopped as it was asked to';
  if (reason === 'timeout') return `was killed because it did not return in time${more}`;
  if (reason === 'protocol')
    return `was killed because what it answered made no sense${more}: most likely it overwrote memory that is shared with the host`;
  if (reason === 'killed') return `was killed${more}`;
  if (signal !== null) {
    const meaning = SIGNALS[signal];
    return `was ended by ${signal}${meaning === undefined ? '' : ` (${meaning})`}`;
  }
  const where = call === null ? '' : ' in the middle of a call';
  return `exited with ${code ?? 'an unknown code'}${where}${more}: a plugin must not end its process, even with success`;
}

function showCall({ method, number, stage, inputSize, message }: RunnerCall): string {
  const bytes = `${inputSize} ${inputSize === 1 ? 'byte' : 'bytes'}`;
  if (number === 0) return stage === 'new' ? `${method} (${bytes} of config)` : method;
  const which = message === null ? '' : `, message ${message} of a batch`;
  return `${method} (call ${number}${which}, ${bytes} of input)`;
}

/** `call+0x1c (0x116c), /src/plugin.c:12` */
function showPlace(frame: Frame): string {
  const [innermost, ...others] = showCalls(frame);
  const inlined = others.length === 0 ? '' : `${innermost?.what}, inlined into `;
  const source = innermost?.where ?? null;
  return `${inlined}${showFrame(frame)}${source === null ? '' : `, ${source}`}`;
}

/** The lines of the frames. Each inlined function has its own line. Only the first line of a frame is numbered. */
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

/**
 * What a check came to, as plain data: computed once, then only shown. The JSON output is exactly this, and its schema is shipped.
 * Nothing here refers to a process, a terminal or a format.
 */
import { CHECK_LEVELS, type CheckLevel } from '../admission/certificates.js';

/** The version of the shape of {@link Verdict}; raised when a member changes its meaning or goes. */
export const VERDICT_SCHEMA = 1;

export { CHECK_LEVELS as LEVELS, type CheckLevel as Level };

/** `error`: a host will be harmed or the contract is broken. `warning`: trouble for somebody, some day. `note`: worth knowing. */
export const SEVERITIES = ['note', 'warning', 'error'] as const;
export type Severity = (typeof SEVERITIES)[number];

/**
 * `skipped` does not apply to this plugin, or rests on a check that failed; `incomplete` should have been tried and could not be: never
 * a pass; `excepted` failed, and the configuration gives a reason why that is accepted.
 */
export type CheckState = 'passed' | 'failed' | 'skipped' | 'incomplete' | 'excepted';

/** A line of a source file, as the debug information of the plugin names it. */
export interface SourceLine {
  /** In the words of its language; null if it has no name. */
  readonly function: string | null;
  /** Relative if it lies below the working directory; null if it is not known. */
  readonly file: string | null;
  readonly line: number | null;
  /** The line itself; null if the file is not there, or is no source. */
  readonly text: string | null;
}

/** A function on the way to a crash, and the line that it was at. */
export interface CrashCall extends SourceLine {
  /** Which of the frames it belongs to. */
  readonly frame: number;
}

/** How a process ended that was not meant to end. */
export interface CrashFacts {
  /** `SIGSEGV`; null if it ended itself. */
  readonly signal: string | null;
  readonly code: number | null;
  /** Hexadecimal; null if the signal is not about an address. */
  readonly address: string | null;
  /** What the address tells: `NULL and 8 bytes: …`. */
  readonly meaning: string | null;
  /** The innermost first: `call+0x1c (0x116c)`. */
  readonly frames: readonly string[];
  /**
   * The functions of the frames with their lines, if the plugin has debug information. A frame has one for each function that is inlined
   * there, the innermost first, and one for itself.
   */
  readonly calls?: readonly CrashCall[];
}

/** An input that shows the finding again. */
export interface InputFacts {
  readonly size: number;
  readonly sha256: string;
  /** Where it was written to; null if it was not kept. */
  readonly file: string | null;
  /** What it is: a config or a message. */
  readonly role: 'config' | 'input';
}

/** One thing that is wrong. */
export interface Finding {
  /** A sentence: what was found against what was expected. */
  readonly message: string;
  /** What the plugin was doing: `call with an input of 64 MiB`; null for what the bytes of the file tell. */
  readonly stage: string | null;
  readonly crash: CrashFacts | null;
  /** The line of the source that it is about, if one is known. */
  readonly place?: SourceLine | null;
  readonly input: InputFacts | null;
  /** The end of what the plugin wrote to its standard error; empty if nothing. */
  readonly stderr: string;
}

/** Numbers that a check measured, for plots and tables. */
export type Measure =
  | {
      readonly type: 'histogram';
      /** `time of a call` */
      readonly name: string;
      readonly unit: 'ns' | 'ms' | 'bytes';
      /** Bounds of buckets and how many values fell below the bound and not below the one before. */
      readonly buckets: readonly { readonly upTo: number; readonly count: number }[];
      readonly median: number;
      readonly p99: number;
      readonly max: number;
    }
  | {
      readonly type: 'series';
      /** `memory over calls` */
      readonly name: string;
      readonly unit: 'bytes';
      /** What the horizontal axis counts: `calls`. */
      readonly over: string;
      readonly points: readonly (readonly [x: number, y: number])[];
      /** Per step of the horizontal axis, with the bounds of its 95 % confidence interval. */
      readonly slope: number;
      readonly low: number;
      readonly high: number;
    }
  | {
      readonly type: 'value';
      readonly name: string;
      readonly unit: 'ns' | 'ms' | 'bytes' | 'count';
      readonly value: number;
    };

/** What one check came to for one file. */
export interface CheckResult {
  readonly id: string;
  /** The sentence that must hold. */
  readonly title: string;
  readonly group: string;
  readonly level: CheckLevel;
  /** After the configuration. */
  readonly severity: Severity;
  readonly state: CheckState;
  /** Why it was skipped, is incomplete or is excepted; null otherwise. */
  readonly reason: string | null;
  /** Why it matters, and what to do; for findings. */
  readonly why: string;
  readonly fix: string;
  readonly findings: readonly Finding[];
  readonly measures: readonly Measure[];
  readonly ms: number;
  /** How to see it again: a command line of tenon, and one of gdb where the check runs a process. */
  readonly reproduce: { readonly command: string; readonly gdb: string | null };
}

export type Tally = Readonly<Record<CheckState, number>>;

/** What the plugin states about itself, as far as it could be found out. */
export interface PluginFacts {
  readonly name: string | null;
  /** Its own version. */
  readonly version: string | null;
  readonly abi: string | null;
  readonly language: string | null;
  /** `codec 1.0.0` */
  readonly kinds: readonly string[];
}

/** `not-a-plugin`: a sound library without any entry point of tenon; nothing of it was run. */
export type FileOutcome = 'clean' | 'findings' | 'incomplete' | 'not-a-plugin';

export interface FileVerdict {
  readonly path: string;
  /** Of the file's bytes, in hexadecimal; null if they could not be read, and for what is no plugin. */
  readonly sha256: string | null;
  readonly size: number | null;
  readonly plugin: PluginFacts | null;
  readonly outcome: FileOutcome;
  /** For `not-a-plugin` and `incomplete`: why; null otherwise. */
  readonly reason: string | null;
  readonly results: readonly CheckResult[];
  readonly tally: Tally;
  readonly ms: number;
}

/** Everything that one run of the suite found out. */
export interface Verdict {
  readonly schema: typeof VERDICT_SCHEMA;
  /** The version of tenon, whose suite this is. */
  readonly suite: string;
  /** The version of the ABI that it checks for. */
  readonly abi: string;
  /** ISO 8601. */
  readonly date: string;
  readonly level: CheckLevel;
  /** Only checks that match one of these were asked for; empty: all of the level. */
  readonly filter: readonly string[];
  /** From which everything random was made. */
  readonly seed: number;
  readonly platform: { readonly os: string; readonly arch: string; readonly node: string };
  /** `findings`: something counts as a failure by `failOn`, or is no plugin at all. */
  readonly outcome: 'clean' | 'findings' | 'incomplete';
  readonly failOn: 'error' | 'warning';
  readonly files: readonly FileVerdict[];
  readonly tally: Tally;
  readonly ms: number;
}

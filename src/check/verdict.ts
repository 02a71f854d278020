/**
 * The verdict of the suite as plain data. It is computed once, and then only rendered. The JSON output is exactly
 * this structure, and its schema is shipped. Nothing here refers to a process, a terminal or a format.
 */
import { CHECK_LEVELS, type CheckLevel } from '../admission/certificates.js';

/** The version of the structure of {@link Verdict}. It is raised when a member is removed or changes its meaning. */
export const VERDICT_SCHEMA = 1;

export { CHECK_LEVELS as LEVELS, type CheckLevel as Level };

/**
 * `error`: the plugin breaks the contract or will harm a host. `warning`: it may cause trouble in some hosts.
 * `note`: for information.
 */
export const SEVERITIES = ['note', 'warning', 'error'] as const;
export type Severity = (typeof SEVERITIES)[number];

/**
 * `skipped`: the check does not apply to this plugin, or depends on a check that failed. `incomplete`: it should
 * have run but could not, which never counts as a pass. `excepted`: it failed, and the configuration accepts that
 * for a reason.
 */
export type CheckState = 'passed' | 'failed' | 'skipped' | 'incomplete' | 'excepted';

/** A line of a source file, from the debug information of the plugin. */
export interface SourceLine {
  /** The name in its language, or null if it is unknown. */
  readonly function: string | null;
  /** A path that is relative if it is below the working directory, or null if it is unknown. */
  readonly file: string | null;
  readonly line: number | null;
  /** The line itself, or null if the file does not exist or is not source code. */
  readonly text: string | null;
}

/** A function on the stack of a crash, and its current line. */
export interface CrashCall extends SourceLine {
  /** The index of its frame. */
  readonly frame: number;
}

/** The unexpected end of a process. */
export interface CrashFacts {
  /** A name such as `SIGSEGV`, or null if the process exited by itself. */
  readonly signal: string | null;
  readonly code: number | null;
  /** A hexadecimal number, or null if the signal does not concern an address. */
  readonly address: string | null;
  /** An interpretation of the address: `NULL plus 8 bytes: …`. */
  readonly meaning: string | null;
  /** Frames such as `call+0x1c (0x116c)`, innermost first. */
  readonly frames: readonly string[];
  /**
   * The functions of the frames with their lines, if the plugin has debug information. A frame has one entry for
   * each inlined function, innermost first, and one for its own function.
   */
  readonly calls?: readonly CrashCall[];
}

/** An input that reproduces the finding. */
export interface InputFacts {
  readonly size: number;
  readonly sha256: string;
  /** The path of the file, or null if the input was not kept. */
  readonly file: string | null;
  /** Whether it is a config or an input of a call. */
  readonly role: 'config' | 'input';
}

/** One fault. */
export interface Finding {
  /** A sentence that compares what was found with what was expected. */
  readonly message: string;
  /** The step of the check, `call with an input of 64 MiB`, or null if only the bytes of the file were read. */
  readonly stage: string | null;
  readonly crash: CrashFacts | null;
  /** The line of the source that the finding is about, if it is known. */
  readonly place?: SourceLine | null;
  readonly input: InputFacts | null;
  /** The end of the plugin's standard error output, or an empty string. */
  readonly stderr: string;
  /** The report of a sanitizer from its start, if the finding is such a report. */
  readonly report?: string;
}

/** Numbers that a check measured, for plots and tables. */
export type Measure =
  | {
      readonly type: 'histogram';
      /** `time of a call` */
      readonly name: string;
      readonly unit: 'ns' | 'ms' | 'bytes';
      /** Buckets with their upper bounds and their numbers of values. A bucket begins at the previous bound. */
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
      /** The unit of the horizontal axis: `calls`. */
      readonly over: string;
      readonly points: readonly (readonly [x: number, y: number])[];
      /** The growth per unit of the horizontal axis, with the bounds of its 95 % confidence interval. */
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

/** The result of one check for one file. */
export interface CheckResult {
  readonly id: string;
  /** The sentence that must be true. */
  readonly title: string;
  readonly group: string;
  readonly level: CheckLevel;
  /** The severity after the configuration was applied. */
  readonly severity: Severity;
  readonly state: CheckState;
  /** The reason why it is skipped, incomplete or excepted. Null in the other states. */
  readonly reason: string | null;
  /** The reason why a finding matters, and its remedy. */
  readonly why: string;
  readonly fix: string;
  readonly findings: readonly Finding[];
  readonly measures: readonly Measure[];
  readonly ms: number;
  /** The command line that reproduces the result, and one for gdb if the check runs a process. */
  readonly reproduce: { readonly command: string; readonly gdb: string | null };
}

export type Tally = Readonly<Record<CheckState, number>>;

/** The plugin's statements about itself. Unknown ones are null. */
export interface PluginFacts {
  readonly name: string | null;
  /** The version of the plugin itself. */
  readonly version: string | null;
  readonly abi: string | null;
  readonly language: string | null;
  /** Names and versions such as `codec 1.0.0`. */
  readonly kinds: readonly string[];
}

/** A file or folder with examples that the checks used. */
export interface ExampleFile {
  readonly path: string;
  /** `input`: an input of calls. `corpus`: a folder for fuzzing. `kind`: the description of a kind. */
  readonly use: 'input' | 'corpus' | 'kind';
  /** Whether it was found next to the plugin. Otherwise an option has given it. */
  readonly found: boolean;
}

/** `not-a-plugin`: a well-formed library that is not a plugin. None of its code was run. */
export type FileOutcome = 'clean' | 'findings' | 'incomplete' | 'not-a-plugin';

export interface FileVerdict {
  readonly path: string;
  /** The hexadecimal digest of the file, or null if the file could not be read or is not a plugin. */
  readonly sha256: string | null;
  readonly size: number | null;
  readonly plugin: PluginFacts | null;
  /** The examples that the checks used. The first input is the usual one. */
  readonly examples?: readonly ExampleFile[];
  readonly outcome: FileOutcome;
  /** The reason for `not-a-plugin` and `incomplete`. Null for other outcomes. */
  readonly reason: string | null;
  readonly results: readonly CheckResult[];
  readonly tally: Tally;
  readonly ms: number;
}

/** The complete outcome of one run of the suite. */
export interface Verdict {
  readonly schema: typeof VERDICT_SCHEMA;
  /** The version of tenon that the suite belongs to. */
  readonly suite: string;
  /** The version of the ABI that plugins are checked against. */
  readonly abi: string;
  /** The start of the run in ISO 8601. */
  readonly date: string;
  readonly level: CheckLevel;
  /** The globs that selected the checks. Empty if all checks of the level were selected. */
  readonly filter: readonly string[];
  /** The seed of all random data. */
  readonly seed: number;
  readonly platform: { readonly os: string; readonly arch: string; readonly node: string };
  /** `findings`: at least one finding counts by `failOn`, or a file is not a plugin. */
  readonly outcome: 'clean' | 'findings' | 'incomplete';
  readonly failOn: 'error' | 'warning';
  readonly files: readonly FileVerdict[];
  readonly tally: Tally;
  readonly ms: number;
}

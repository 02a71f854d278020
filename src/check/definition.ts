/** The definition of a check: a sentence that must be true of every plugin, and the method that tests it. */
import { checkString } from '../base/options.js';
import type { CheckerRecord } from './report-lines.js';
import type { Subject } from './subject.js';
import type { Finding, Level, Measure, Severity } from './verdict.js';

/** The outcome of a check, from the bytes of the file or the reports of a process. */
export type CheckAnswer =
  | { readonly state: 'passed'; readonly measures?: readonly Measure[] }
  | {
      readonly state: 'failed';
      readonly findings: readonly Finding[];
      readonly measures?: readonly Measure[];
    }
  | { readonly state: 'skipped' | 'incomplete'; readonly reason: string };

/** The method that tests a check. */
export type CheckMethod =
  /** Reads the bytes of the file in this process, and loads nothing. A thrown TenonError is a finding. */
  | { readonly type: 'bytes'; judge(subject: Subject): CheckAnswer }
  /** Runs the scenario that is named like the check's id, in a separate process (native/check). */
  | {
      readonly type: 'scenario';
      /** Milliseconds after which the scenario counts as hanging, unless the user sets another timeout. */
      readonly timeout: number;
      /** Variables of the environment of its process, besides the usual ones. */
      readonly env?: Readonly<Record<string, string>>;
      /** Returns the reason why the check does not apply to this plugin, or null if it applies. */
      skip?(subject: Subject): string | null;
      /** Evaluates the measurements and other reports. Its findings are added to those of the scenario. */
      judge?(
        measures: readonly Measure[],
        subject: Subject,
        records: readonly CheckerRecord[],
      ): readonly string[];
      /** Returns a probable cause, which is added to each finding of the scenario, or null. */
      hint?(subject: Subject): string | null;
    }
  /** Runs the scenario of the check's id in any number of processes. */
  | {
      readonly type: 'processes';
      skip?(subject: Subject): string | null;
      run(check: CheckDefinition, subject: Subject): Promise<CheckAnswer>;
    };

export type ScenarioMethod = Extract<CheckMethod, { type: 'scenario' }>;

export interface CheckDefinition {
  /** `group/name`; never reused for another meaning. */
  readonly id: string;
  /** The sentence that must be true. */
  readonly title: string;
  /** The reason why it matters: the harm to a host if it is not true. */
  readonly why: string;
  /** The author's remedy for a finding. */
  readonly fix: string;
  readonly severity: Severity;
  readonly level: Level;
  /** Ids of the checks that this one depends on. It is skipped if one of them did not pass. */
  readonly needs: readonly string[];
  readonly method: CheckMethod;
}

/** Returns the group of an id. */
export function groupOf(id: string): string {
  checkString('id', id);
  return id.slice(0, id.indexOf('/'));
}

/** Returns a finding with a message and no other details, unless `details` has some. */
export function finding(message: string, details: Partial<Finding> = {}): Finding {
  return { message, stage: null, crash: null, input: null, stderr: '', ...details };
}

/** Returns `passed` if there are no messages, otherwise `failed` with one finding for each message. */
export function answerOf(messages: readonly string[]): CheckAnswer {
  return messages.length === 0
    ? { state: 'passed' }
    : { state: 'failed', findings: messages.map((message) => finding(message)) };
}

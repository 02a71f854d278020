/** What a check is: a sentence that must hold of every plugin, and how to find out whether it does. */
import type { Subject } from './subject.js';
import type { Finding, Level, Measure, Severity } from './verdict.js';

/** What the bytes of the file or the records of a process tell. */
export type CheckAnswer =
  | { readonly state: 'passed'; readonly measures?: readonly Measure[] }
  | {
      readonly state: 'failed';
      readonly findings: readonly Finding[];
      readonly measures?: readonly Measure[];
    }
  | { readonly state: 'skipped' | 'incomplete'; readonly reason: string };

/** How a check finds out. */
export type CheckMethod =
  /** From the bytes of the file: pure, in this process; nothing is loaded. May throw TenonError: a finding. */
  | { readonly type: 'bytes'; judge(subject: Subject): CheckAnswer }
  /** By a scenario of the same name as the check's id in a process of its own (native/check). */
  | {
      readonly type: 'scenario';
      /** Milliseconds until it counts as a hang, unless the user says otherwise. */
      readonly timeout: number;
      /** Why it does not apply to this plugin; null if it does. */
      skip?(subject: Subject): string | null;
      /** Judges what was measured; findings are added to those of the scenario itself. */
      judge?(measures: readonly Measure[], subject: Subject): readonly string[];
    }
  /** By as many processes as it takes, which run the scenario of the check's id. */
  | {
      readonly type: 'processes';
      skip?(subject: Subject): string | null;
      run(check: CheckDefinition, subject: Subject): Promise<CheckAnswer>;
    };

export type ScenarioMethod = Extract<CheckMethod, { type: 'scenario' }>;

export interface CheckDefinition {
  /** `group/name`; never reused for another meaning. */
  readonly id: string;
  /** A sentence of prose: what must hold. */
  readonly title: string;
  /** Why it matters: what goes wrong in a host if it does not hold. */
  readonly why: string;
  /** What the author does about a finding. */
  readonly fix: string;
  readonly severity: Severity;
  readonly level: Level;
  /** Ids of the checks without which this one says nothing: it is skipped when one of them did not pass. */
  readonly needs: readonly string[];
  readonly method: CheckMethod;
}

/** The group of an id. */
export function groupOf(id: string): string {
  return id.slice(0, id.indexOf('/'));
}

/** A finding that is only a sentence. */
export function finding(message: string, details: Partial<Finding> = {}): Finding {
  return { message, stage: null, crash: null, input: null, stderr: '', ...details };
}

/** `passed` without messages, otherwise `failed` with one finding each. */
export function answerOf(messages: readonly string[]): CheckAnswer {
  return messages.length === 0
    ? { state: 'passed' }
    : { state: 'failed', findings: messages.map((message) => finding(message)) };
}

/** Derives the outcome of a check from the end of its process and the reports that the process wrote. */
import { constants } from 'node:os';
import { dirname } from 'node:path';
import { milliseconds } from '../base/text.js';
import { explainFault, hex, showFrame } from '../supervision/fault.js';
import type { CheckerRun } from './checker.js';
import { type CheckAnswer, finding, type ScenarioMethod } from './definition.js';
import { explain } from './evidence.js';
import { keepInput, notKept } from './inputs.js';
import { measuresOf } from './measures.js';
import type { CheckerRecord } from './report-lines.js';
import { callsOf, placeIn } from './source-lines.js';
import type { Subject } from './subject.js';
import type { CrashFacts, Finding } from './verdict.js';

type CrashRecord = Extract<CheckerRecord, { type: 'crash' }>;

/** The most findings of one check. More would add no information. */
const MAX_FINDINGS = 20;
/** Names by number. If a signal has several names, the first one is the usual one. */
const SIGNAL_NAMES = new Map(
  Object.entries(constants.signals)
    .map(([name, number]) => [number, name] as const)
    .reverse(),
);

/** The outcome of a check if the user ends the run. */
export const ABORTED = {
  state: 'incomplete',
  reason: 'the run was ended before the check was complete',
} as const satisfies CheckAnswer;

/**
 * Returns the outcome of a check. A process that did not write its completion report has crashed, even if it
 * exited with 0.
 */
export function conclude(
  run: CheckerRun,
  method: Pick<ScenarioMethod, 'judge' | 'hint'>,
  subject: Subject,
  timeout: number,
): CheckAnswer {
  if (run.end === 'not-started')
    return { state: 'incomplete', reason: `its process could not be started: ${run.stderr}` };
  if (run.end === 'aborted') return ABORTED;
  // A scenario reports a stage before it runs anything of the plugin, so the plugin cannot be the cause.
  if (run.end !== 'done' && run.records.length === 0)
    return {
      state: 'incomplete',
      reason: `its process ${endOf(run, timeout)} before its first report${saying(run)}`,
    };
  const reported = findingsIn(run, subject);
  const measures = measuresOf(run.records);
  if (run.end !== 'done') {
    return { state: 'failed', findings: [...reported, ending(run, subject, timeout)], measures };
  }
  for (const record of run.records) {
    if (record.type === 'skip') return { state: 'skipped', reason: record.reason };
    if (record.type === 'incomplete' && reported.length === 0)
      return { state: 'incomplete', reason: record.reason };
  }
  const judged = (method.judge?.(measures, subject, run.records) ?? []).map((message) => finding(message));
  const hint = method.hint?.(subject) ?? null;
  const findings = [...reported, ...judged].slice(0, MAX_FINDINGS).map((one) => withHint(one, hint));
  return findings.length === 0 ? { state: 'passed', measures } : { state: 'failed', findings, measures };
}

/** Describes the end of a process that did not complete its report. */
function endOf({ end, signal, code }: CheckerRun, timeout: number): string {
  if (end === 'hang') return `did not continue within ${milliseconds(timeout)}`;
  return signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`;
}

/** Returns the end of a sentence with what the process printed. */
function saying({ stderr }: CheckerRun): string {
  const text = stderr.trim();
  return text === '' ? '' : `: ${text}`;
}

function withHint(found: Finding, hint: string | null): Finding {
  return hint === null ? found : { ...found, message: `${found.message}. ${hint}` };
}

function findingsIn({ records, stderr }: CheckerRun, subject: Subject): Finding[] {
  const { artifacts } = subject.settings;
  let stage: string | null = null;
  const findings: Finding[] = [];
  for (const record of records) {
    if (record.type === 'stage') stage = record.stage;
    // A fault is the end of the process, which is the next finding.
    if (record.type !== 'finding' || record.fault === true) continue;
    const input = keepInput(record.input, record.role, artifacts);
    const { text, place } = explain(record, subject);
    const more = place === null ? {} : { place };
    findings.push(
      finding(record.message + text + notKept(input, artifacts), { stage, input, stderr, ...more }),
    );
  }
  return findings;
}

/** Returns the finding of a process that hung, or ended without its completion report. */
function ending(run: CheckerRun, subject: Subject, timeout: number): Finding {
  const stage = run.records.findLast((record) => record.type === 'stage')?.stage ?? null;
  const where = `in: ${stage}`;
  const { stderr } = run;
  if (run.end === 'hang') {
    const message = `It did not return within ${milliseconds(timeout)}, ${where}`;
    return finding(message, { stage, stderr });
  }
  if (run.end === 'lost') {
    const message = `It wrote to a file descriptor that it had not opened, ${where}`;
    return finding(message, { stage, stderr });
  }
  const crash = crashOf(run, subject);
  const place = placeIn(crash.calls ?? []);
  const message = `${howItEnded(run)}, ${where}`;
  return finding(message, { stage, crash, stderr, ...(place === null ? {} : { place }) });
}

/** Returns the meaning of the forbidden access that ended the process, or else only how it ended. */
function howItEnded({ records, signal, code }: CheckerRun): string {
  for (const record of records) if (record.type === 'finding' && record.fault === true) return record.message;
  return signal === null ? `It ended the process with exit code ${code}` : `It was ended by ${signal}`;
}

function crashOf(run: CheckerRun, { path }: Subject): CrashFacts {
  const record = run.records.findLast((one): one is CrashRecord => one.type === 'crash');
  const bare = { signal: run.signal, code: run.code, address: null, meaning: null, frames: [] };
  if (record === undefined) return bare;
  const signal = SIGNAL_NAMES.get(record.signal) ?? run.signal;
  const fault = {
    address: BigInt(record.address),
    pc: BigInt(record.pc),
    base: BigInt(record.base),
    frames: record.frames.map(BigInt),
    mainThread: record.main,
  };
  const { address, meaning, frames } = explainFault(fault, signal, path, [dirname(path)]);
  const calls = callsOf(frames, path);
  return {
    ...bare,
    signal,
    address: address === null ? null : hex(address),
    meaning,
    frames: frames.map(showFrame),
    ...(calls.some(({ file }) => file !== null) ? { calls } : {}),
  };
}

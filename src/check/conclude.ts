/** Derives the outcome of a check from the end of its process and the reports that the process wrote. */
import { constants } from 'node:os';
import { dirname } from 'node:path';
import { milliseconds } from '../base/text.js';
import { explainFault, hex, showFrame } from '../supervision/fault.js';
import type { CheckerRun } from './checker.js';
import { type CheckAnswer, finding, type ScenarioMethod } from './definition.js';
import { keepInput } from './inputs.js';
import { measuresOf } from './measures.js';
import type { CheckerRecord } from './report-lines.js';
import { callsOf, placeIn } from './source-lines.js';
import type { Subject } from './subject.js';
import type { CrashFacts, Finding } from './verdict.js';

type CrashRecord = Extract<CheckerRecord, { type: 'crash' }>;

/** The exit code of tenon-checker for a wrong command line. */
const USAGE = 2;
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
  method: Pick<ScenarioMethod, 'judge'>,
  subject: Subject,
  timeout: number,
): CheckAnswer {
  if (run.end === 'not-started')
    return { state: 'incomplete', reason: `its process could not be started: ${run.stderr}` };
  if (run.end === 'aborted') return ABORTED;
  // The checker does not know the arguments, so it has run nothing of the plugin.
  if (run.end === 'exit' && run.code === USAGE && run.records.length === 0)
    return { state: 'incomplete', reason: `its process refused the command line: ${run.stderr}` };
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
  const judged = (method.judge?.(measures, subject) ?? []).map((message) => finding(message));
  const findings = [...reported, ...judged].slice(0, MAX_FINDINGS);
  return findings.length === 0 ? { state: 'passed', measures } : { state: 'failed', findings, measures };
}

function findingsIn({ records, stderr }: CheckerRun, subject: Subject): Finding[] {
  let stage: string | null = null;
  const findings: Finding[] = [];
  for (const record of records) {
    if (record.type === 'stage') stage = record.stage;
    if (record.type !== 'finding') continue;
    const input = keepInput(record.input, record.role, subject.settings.artifacts);
    findings.push(finding(record.message, { stage, input, stderr }));
  }
  return findings;
}

/** Returns the finding of a process that hung, or ended without its completion report. */
function ending(run: CheckerRun, subject: Subject, timeout: number): Finding {
  const stage = run.records.findLast((record) => record.type === 'stage')?.stage ?? null;
  const where = stage === null ? 'before its first report' : `in: ${stage}`;
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
  const how =
    run.signal === null ? `ended the process with exit code ${run.code}` : `was ended by ${run.signal}`;
  const place = placeIn(crash.calls ?? []);
  return finding(`It ${how}, ${where}`, { stage, crash, stderr, ...(place === null ? {} : { place }) });
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
  const calls = callsOf(frames);
  return {
    ...bare,
    signal,
    address: address === null ? null : hex(address),
    meaning,
    frames: frames.map(showFrame),
    ...(calls.some(({ file }) => file !== null) ? { calls } : {}),
  };
}

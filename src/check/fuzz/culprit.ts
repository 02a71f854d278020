/** From a process that did not survive a made-up input to the smallest input that shows it again. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { conclude } from '../conclude.js';
import type { CheckDefinition } from '../definition.js';
import { startScenario } from '../scenario.js';
import type { Subject } from '../subject.js';
import type { Finding } from '../verdict.js';
import { minimise } from './minimise.js';

export interface CrashingInput {
  readonly bytes: Buffer;
  /** Whether these bytes alone show the finding again. */
  readonly alone: boolean;
}

export interface Trial {
  readonly check: CheckDefinition;
  readonly subject: Subject;
  /** For files that are needed meanwhile. */
  readonly folder: string;
  /** Milliseconds after which an input hangs. */
  readonly hang: number;
}

/** Each attempt is a process; more than this nobody waits for. */
const BUDGET_MS = 15_000;
/** Hangs are waited for, so that attempts are given up earlier; the last one is held to the full time. */
const HURRY_MS = 1000;
/** Time to load the plugin and make an instance, on a busy machine. */
const SETTING_UP_MS = 10_000;

/** @throws TenonError ERR_TENON_UNSUPPORTED if there is no checker program */
export async function findCulprit(input: Buffer, found: Finding, trial: Trial): Promise<CrashingInput> {
  const wanted = signature(found);
  const showsWithin = (hang: number) => async (bytes: Buffer) => {
    const [again] = await tryInput(bytes, { ...trial, hang });
    return again !== undefined && signature(again) === wanted;
  };
  const shows = showsWithin(trial.hang);
  if (!(await shows(input))) return { bytes: input, alone: false };
  const end = performance.now() + BUDGET_MS;
  const expired = () => performance.now() > end || trial.subject.settings.signal?.aborted === true;
  const least = await minimise(input, { shows: showsWithin(Math.min(HURRY_MS, trial.hang)), expired });
  const confirmed = least.length === input.length || (await shows(least));
  return { bytes: confirmed ? least : input, alone: true };
}

/** What comes of exactly one input. */
async function tryInput(bytes: Buffer, { check, subject, folder, hang }: Trial): Promise<readonly Finding[]> {
  const file = join(folder, 'attempt');
  writeFileSync(file, bytes);
  const timeout = hang + SETTING_UP_MS;
  const args = ['--reproduce', file, '--hang', String(hang)];
  const run = await startScenario(check, subject, folder, { timeout, args });
  const answer = conclude(run, {}, subject, timeout);
  return answer.state === 'failed' ? answer.findings : [];
}

/**
 * What two findings have in common that are about the same fault. Numbers in messages come from the input; by which signal an overrun
 * ends the process depends on how far it gets.
 */
function signature({ message, crash }: Finding): string {
  if (crash === null) return message.replace(/\d+/g, '#');
  return crash.signal === null ? `exit ${crash.code}` : 'crash';
}

/** Reduces the generated input that ended a process to a smaller one that reproduces the finding. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CheckDefinition } from '../definition.js';
import { tryScenario } from '../scenario.js';
import type { Subject } from '../subject.js';
import type { Finding } from '../verdict.js';
import { minimise } from './minimise.js';

export interface CrashingInput {
  readonly bytes: Buffer;
  /** Whether these bytes alone reproduce the finding. */
  readonly alone: boolean;
}

export interface Trial {
  readonly check: CheckDefinition;
  readonly subject: Subject;
  /** The folder for temporary files. */
  readonly folder: string;
  /** Milliseconds after which a call counts as hanging. */
  readonly hang: number;
}

/** Milliseconds for all attempts. Each attempt is a process. */
const BUDGET_MS = 15_000;
/** Milliseconds after which an attempt counts as hanging, to save time. The last attempt gets the full timeout. */
const HURRY_MS = 1000;
/** Milliseconds to load the plugin and create an instance on a busy machine. */
const SETTING_UP_MS = 10_000;

/**
 * Returns the smallest input that reproduces the finding, or the whole input if it does not do so alone.
 * @throws TenonError ERR_TENON_UNSUPPORTED if the checker program does not exist
 */
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

/** Tries exactly one input and returns its findings. */
async function tryInput(bytes: Buffer, { check, subject, folder, hang }: Trial): Promise<readonly Finding[]> {
  const file = join(folder, 'attempt');
  writeFileSync(file, bytes);
  const timeout = hang + SETTING_UP_MS;
  const args = ['--reproduce', file, '--hang', String(hang)];
  const answer = await tryScenario(check, subject, { timeout, args });
  return answer.state === 'failed' ? answer.findings : [];
}

/**
 * Returns a string that is the same for findings of the same fault. Numbers in messages depend on the input, and
 * the signal of an overrun depends on how far the overrun reaches.
 */
function signature({ message, crash }: Finding): string {
  if (crash === null) return message.replace(/\d+/g, '#');
  return crash.signal === null ? `exit ${crash.code}` : 'crash';
}

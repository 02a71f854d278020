/**
 * Runs a scenario that measures memory. If memory grew, the measurement is repeated in fresh processes with many
 * more operations, because caches, pools and histories grow for a while too.
 */
import { conclude } from './conclude.js';
import { type CheckAnswer, type CheckDefinition, type CheckMethod, finding } from './definition.js';
import { leakSiteIn } from './leak-site.js';
import { isSameLeak, type Leak, leakIn, leakMessage, suspicious } from './leaks.js';
import type { CheckerRecord } from './report-lines.js';
import { startScenario } from './scenario.js';
import { withScratch } from './scratch.js';
import type { Subject } from './subject.js';
import type { Finding, Measure } from './verdict.js';

/** Milliseconds. A scenario stops earlier by itself if the plugin is slow. */
const TIMEOUT = 60_000;
const LONG_TIMEOUT = 180_000;
/** A long measurement has this many times as many operations as a short one. */
const LONGER = 20;
/** The number of long measurements. Two must show the same leak. */
const MOST_RUNS = 3;

/** The method of checks whose scenario measures memory. */
export const growthMethod: CheckMethod = { type: 'processes', run };

async function run(check: CheckDefinition, subject: Subject): Promise<CheckAnswer> {
  const timeout = subject.settings.timeout ?? TIMEOUT;
  const { answer } = await measure(check, subject, timeout);
  return answer.state === 'passed' && suspicious(answer.measures ?? []) ? confirm(check, subject) : answer;
}

/** Returns a finding if two processes show the same leak. */
async function confirm(check: CheckDefinition, subject: Subject): Promise<CheckAnswer> {
  const timeout = Math.max(LONG_TIMEOUT, subject.settings.timeout ?? 0);
  const leaks: Leak[] = [];
  let measures: readonly Measure[] = [];
  for (let i = 0; i < MOST_RUNS && i - leaks.length < MOST_RUNS - 1; i++) {
    const { answer } = await measure(check, subject, timeout, ['--longer', String(LONGER)]);
    if (answer.state !== 'passed') return answer;
    measures = answer.measures ?? [];
    const leak = leakIn(measures);
    if (leak === null && leaks.length === 0) break;
    if (leak === null) continue;
    if (leaks.some((other) => isSameLeak(leak, other)))
      return { state: 'failed', findings: [await findingOf(check, leak, measures, subject)], measures };
    leaks.push(leak);
  }
  if (leaks.length < MOST_RUNS) return { state: 'passed', measures };
  const rates = leaks.map(({ rate }) => `${Number(rate.toPrecision(3))} bytes`).join(', ');
  const reason = `memory grew in ${MOST_RUNS} processes at rates that differ (${rates}). Run the check on a machine that is idle`;
  return { state: 'incomplete', reason };
}

/** Runs one more process that only looks for the code that allocates. Whatever else happens there is no finding. */
async function findingOf(
  check: CheckDefinition,
  leak: Leak,
  measures: readonly Measure[],
  subject: Subject,
): Promise<Finding> {
  const { records } = await measure(check, subject, TIMEOUT, ['--sites']);
  const site = leakSiteIn(records, subject);
  const message = leakMessage(leak, measures, site?.text);
  return finding(message, site?.place ? { place: site.place } : {});
}

interface Measured {
  readonly answer: CheckAnswer;
  readonly records: readonly CheckerRecord[];
}

function measure(
  check: CheckDefinition,
  subject: Subject,
  timeout: number,
  args: readonly string[] = [],
): Promise<Measured> {
  return withScratch(async (folder) => {
    const run = await startScenario(check, subject, folder, { timeout, args });
    return { answer: conclude(run, {}, subject, timeout), records: run.records };
  });
}

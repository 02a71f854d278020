/**
 * Renders one line for each finding, in the format of compilers. Checks that are incomplete for the same reason
 * share a line, and so do files of which nothing was checked: an interrupted run leaves hundreds of these.
 */
import { count, printable } from '../../base/text.js';
import type { CheckResult, FileVerdict, Verdict } from '../verdict.js';
import { bySeverity, wholeFileProblem, withPlace } from './view.js';

export function renderCompact({ files }: Verdict): string {
  const reasons = files.map(untouchedReason);
  const untouched = [...new Set(reasons)].flatMap((reason) => {
    const group = files.filter((_, i) => reasons[i] === reason);
    return reason === null || group.length === 1 ? [] : [{ reason, group }];
  });
  const folded = new Set(untouched.flatMap(({ group }) => group));
  return [
    ...files.filter((file) => !folded.has(file)).flatMap(linesOf),
    ...untouched.map(
      ({ reason, group: [first, ...others] }) =>
        `${first?.path}: incomplete: this file and ${count(others.length, 'other file')} were not checked: ${reason}`,
    ),
  ]
    .map((line) => `${printable(line)}\n`)
    .join('');
}

/** Returns the reason if all checks of the file are incomplete for the same reason, otherwise null. */
function untouchedReason({ results }: FileVerdict): string | null {
  const [first] = results;
  if (first?.state !== 'incomplete') return null;
  const { reason } = first;
  return results.every((one) => one.state === 'incomplete' && one.reason === reason) ? reason : null;
}

function linesOf(file: FileVerdict): string[] {
  const problem = wholeFileProblem(file);
  const whole =
    problem === null ? [] : [`${file.outcome === 'incomplete' ? 'incomplete' : 'error'}: ${problem}`];
  const lines = bySeverity(file.results).flatMap((result, _, all) => resultLines(result, all));
  return [...whole, ...lines].map((line) => `${file.path}: ${line}`);
}

function resultLines(result: CheckResult, all: readonly CheckResult[]): string[] {
  const { id, state, severity, reason, findings } = result;
  if (state === 'failed') return findings.map((finding) => `${severity}: ${id}: ${withPlace(finding)}`);
  if (state !== 'incomplete') return [];
  const alike = all.filter((one) => one.state === 'incomplete' && one.reason === reason);
  if (alike[0] !== result) return [];
  const others = alike.length === 1 ? '' : ` and ${count(alike.length - 1, 'other check')}`;
  return [`incomplete: ${id}${others}: ${reason}`];
}

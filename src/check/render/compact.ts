/** A line for each finding, as compilers write them; for people, `grep` and editors. */
import { printable } from '../../base/text.js';
import type { CheckResult, FileVerdict, Verdict } from '../verdict.js';
import { bySeverity, wholeFileProblem, withPlace } from './view.js';

export function renderCompact({ files }: Verdict): string {
  return files
    .flatMap(linesOf)
    .map((line) => `${printable(line)}\n`)
    .join('');
}

function linesOf(file: FileVerdict): string[] {
  const problem = wholeFileProblem(file);
  const whole =
    problem === null ? [] : [`${file.outcome === 'incomplete' ? 'incomplete' : 'error'}: ${problem}`];
  return [...whole, ...bySeverity(file.results).flatMap(resultLines)].map((line) => `${file.path}: ${line}`);
}

function resultLines({ id, state, severity, reason, findings }: CheckResult): string[] {
  if (state === 'incomplete') return [`incomplete: ${id}: ${reason}`];
  return state === 'failed' ? findings.map((finding) => `${severity}: ${id}: ${withPlace(finding)}`) : [];
}

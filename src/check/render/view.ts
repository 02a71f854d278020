/** Helpers that several formats share. */
import { readable } from '../../base/errors.js';
import {
  type CheckResult,
  type CrashFacts,
  type FileVerdict,
  type Finding,
  SEVERITIES,
  type Severity,
  type SourceLine,
  type Tally,
  type Verdict,
} from '../verdict.js';

/** Returns the verdict with only failed and incomplete results. The tally stays. */
export function onlyFailed(verdict: Verdict): Verdict {
  const isShown = ({ state }: CheckResult) => state === 'failed' || state === 'incomplete';
  return readable('verdict', () => {
    const files = verdict.files.map((file) => ({ ...file, results: file.results.filter(isShown) }));
    return { ...verdict, files };
  });
}

/** Returns whether the result counts as a failure by `failOn`. */
export function counts({ state, severity }: CheckResult, { failOn }: Pick<Verdict, 'failOn'>): boolean {
  return state === 'failed' && SEVERITIES.indexOf(severity) >= SEVERITIES.indexOf(failOn);
}

/** Sorts results by severity, the most severe first. Accepted ones come last. */
export function bySeverity(results: readonly CheckResult[]): CheckResult[] {
  const weight = ({ state, severity }: CheckResult) =>
    state === 'excepted' ? 1 : -SEVERITIES.indexOf(severity);
  return results.toSorted((a, b) => weight(a) - weight(b));
}

/** Returns a problem of the whole file that no check reports: it is not a plugin, or it changed during the run. */
export function wholeFileProblem({ outcome, reason, results }: FileVerdict): string | null {
  if (outcome === 'not-a-plugin') return `not a tenon plugin: ${reason}`;
  const reported = results.some(({ state }) => state === 'failed' || state === 'incomplete');
  return reason !== null && (outcome === 'incomplete' || !reported) ? reason : null;
}

/** Returns `14 passed, 1 failed`, without states that have no results. */
export function tallyText(tally: Tally): string {
  const parts = Object.entries(tally).filter(([, n]) => n > 0);
  return parts.map(([state, n]) => `${n} ${state}`).join(', ') || 'nothing was checked';
}

/** Returns the number of findings of each severity, the most severe first. */
export function findingsBySeverity(files: readonly FileVerdict[]): readonly (readonly [Severity, number])[] {
  const failed = files.flatMap(({ results }) => results).filter(({ state }) => state === 'failed');
  return SEVERITIES.toReversed().map((severity) => {
    const found = failed.filter((result) => result.severity === severity);
    return [severity, found.reduce((sum, { findings }) => sum + findings.length, 0)] as const;
  });
}

/** Returns lines that describe the end of the process and its stack. */
export function crashLines({ crash }: Finding): string[] {
  if (crash === null) return [];
  const { signal, code, address, meaning } = crash;
  const how = signal ?? (code === null ? '' : `exit code ${code}`);
  const where = address === null ? '' : ` at ${address}`;
  const why = meaning === null ? '' : ` (${meaning})`;
  return [`${how}${where}${why}`, ...frameLines(crash)].filter((line) => line !== '');
}

/** Returns the frames, with a separate line for each inlined function. */
function frameLines({ frames, calls = [] }: CrashFacts): string[] {
  return frames.flatMap((frame, index) => {
    const own = calls.filter((call) => call.frame === index);
    const inlined = own
      .slice(0, -1)
      .map((call) => `${call.function ?? 'a function'}${atLine(call)}, inlined into`);
    const last = own.at(-1);
    return [...inlined, `${frame}${last === undefined ? '' : atLine(last)}`];
  });
}

function atLine(line: SourceLine): string {
  const place = lineText(line);
  return place === null ? '' : ` at ${place}`;
}

/** Returns the lines of a sanitizer's report. */
export function reportLines({ report = '' }: Finding): string[] {
  return report === '' ? [] : report.trimEnd().split('\n');
}

/** Returns `src/plugin.c:12`, or null if the file is unknown. */
export function lineText({ file, line }: Pick<SourceLine, 'file' | 'line'>): string | null {
  if (file === null) return null;
  return line === null ? file : `${file}:${line}`;
}

/** Returns the message of a finding with its location: `It was ended by SIGSEGV, at src/plugin.c:12`. */
export function withPlace(finding: Finding): string {
  const place = placeText(finding);
  return place === null ? finding.message : `${finding.message}, at ${place}`;
}

/** Returns the location of a finding, or null if it is unknown. */
export function placeText({ place }: Finding): string | null {
  return place === null || place === undefined ? null : lineText(place);
}

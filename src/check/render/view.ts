/** What several formats ask of a verdict. */
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

/** The verdict without what passed or was skipped. The tally stays. */
export function onlyFailed(verdict: Verdict): Verdict {
  const isShown = ({ state }: CheckResult) => state === 'failed' || state === 'incomplete';
  const files = verdict.files.map((file) => ({ ...file, results: file.results.filter(isShown) }));
  return { ...verdict, files };
}

/** Whether the result makes the outcome what it is, and is not only worth telling. */
export function counts({ state, severity }: CheckResult, { failOn }: Pick<Verdict, 'failOn'>): boolean {
  return state === 'failed' && SEVERITIES.indexOf(severity) >= SEVERITIES.indexOf(failOn);
}

/** The gravest first; what is accepted comes last. */
export function bySeverity(results: readonly CheckResult[]): CheckResult[] {
  const weight = ({ state, severity }: CheckResult) =>
    state === 'excepted' ? 1 : -SEVERITIES.indexOf(severity);
  return results.toSorted((a, b) => weight(a) - weight(b));
}

/** What a file came to as a whole, where no check tells it: one that is no plugin, or that was changed meanwhile. */
export function wholeFileProblem({ outcome, reason, results }: FileVerdict): string | null {
  if (outcome === 'not-a-plugin') return `not a tenon plugin: ${reason}`;
  const told = results.some(({ state }) => state === 'failed' || state === 'incomplete');
  return reason !== null && (outcome === 'incomplete' || !told) ? reason : null;
}

/** `14 passed, 1 failed`; only what there is. */
export function tallyText(tally: Tally): string {
  const parts = Object.entries(tally).filter(([, n]) => n > 0);
  return parts.map(([state, n]) => `${n} ${state}`).join(', ') || 'nothing was checked';
}

/** How many findings there are of each severity, the gravest first. */
export function findingsBySeverity(files: readonly FileVerdict[]): readonly (readonly [Severity, number])[] {
  const failed = files.flatMap(({ results }) => results).filter(({ state }) => state === 'failed');
  return SEVERITIES.toReversed().map((severity) => {
    const found = failed.filter((result) => result.severity === severity);
    return [severity, found.reduce((sum, { findings }) => sum + findings.length, 0)] as const;
  });
}

/** Where and how the process ended, in lines. */
export function crashLines({ crash }: Finding): string[] {
  if (crash === null) return [];
  const { signal, code, address, meaning } = crash;
  const how = signal ?? (code === null ? '' : `exit code ${code}`);
  const where = address === null ? '' : ` at ${address}`;
  const why = meaning === null ? '' : ` (${meaning})`;
  return [`${how}${where}${why}`, ...frameLines(crash)].filter((line) => line !== '');
}

/** The frames, with a line of their own for functions that are inlined there. */
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

/** `src/plugin.c:12`; null if it is not known. */
export function lineText({ file, line }: Pick<SourceLine, 'file' | 'line'>): string | null {
  if (file === null) return null;
  return line === null ? file : `${file}:${line}`;
}

/** The sentence of a finding with its line: `It was ended by SIGSEGV, at src/plugin.c:12`. */
export function withPlace(finding: Finding): string {
  const place = placeText(finding);
  return place === null ? finding.message : `${finding.message}, at ${place}`;
}

/** The same for a finding. */
export function placeText({ place }: Finding): string | null {
  return place === null || place === undefined ? null : lineText(place);
}

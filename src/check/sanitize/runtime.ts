/** The runtimes of sanitizers: their options, and the findings in their reports. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CheckerRun } from '../checker.js';
import { type CheckAnswer, finding } from '../definition.js';
import { sourceLine } from '../source-lines.js';
import type { Finding } from '../verdict.js';
import { reportsIn, type SanitizerReport } from './reports.js';
import { valgrindReports } from './valgrind.js';

const MAX_FINDINGS = 20;
/** The most characters kept of each report, from its start. */
const KEPT_REPORT = 8 * 1024;
/** The error of ThreadSanitizer if it cannot map its own memory. */
const NO_MEMORY_LAYOUT = /FATAL: ThreadSanitizer: (.*)/;
const REPORT = 'report';
/** Part of the location of a report that is not about the plugin. */
const CHECKER = 'tenon-checker';

/**
 * Returns the environment that makes the runtimes write their reports to `folder`. They handle signals, because
 * their reports of bad addresses say more. With `halts`, the first report ends the process.
 */
export function runtimeOptions(folder: string, halts: boolean): Record<string, string> {
  const common = [`log_path=${join(folder, REPORT)}`, 'print_stacktrace=1', 'symbolize=1'];
  const signals = ['segv', 'sigbus', 'sigfpe', 'sigill'].map((name) => `handle_${name}=2`);
  const halt = `halt_on_error=${halts ? 1 : 0}`;
  return {
    ASAN_OPTIONS: [...common, ...signals, 'leak_check_at_exit=0', 'detect_leaks=1'].join(':'),
    UBSAN_OPTIONS: [...common, halt].join(':'),
    TSAN_OPTIONS: [...common, ...signals, halt].join(':'),
  };
}

/**
 * Returns the outcome of a process of a sanitizer: the reports in `folder` are its findings. Without a report it
 * is `answer`, which the other records of the process led to.
 */
export function withReports(
  answer: CheckAnswer,
  run: CheckerRun,
  folder: string,
  library: string,
): CheckAnswer {
  const watched = valgrindReports(folder, library);
  if (watched.length > 0) return failed(watched, run, library);
  const text = textIn(folder);
  const fatal = NO_MEMORY_LAYOUT.exec(`${run.stderr}\n${text}`);
  if (fatal !== null) {
    const reason = `ThreadSanitizer cannot run here: ${fatal[1]}. As root: sysctl vm.mmap_rnd_bits=28`;
    return { state: 'incomplete', reason };
  }
  const all = reportsIn(text);
  const reports = all.filter(({ where }) => where?.includes(CHECKER) !== true);
  if (reports.length === 0) {
    if (all.length === 0 || run.end === 'done') return answer;
    return { state: 'incomplete', reason: `tenon-checker failed: ${all[0]?.what} in ${all[0]?.where}` };
  }
  return failed(reports, run, library);
}

/** A runtime may end the process after a report. That is not another finding. */
function failed(reports: readonly SanitizerReport[], run: CheckerRun, library: string): CheckAnswer {
  const stage = run.records.findLast((record) => record.type === 'stage')?.stage ?? null;
  const findings = reports.slice(0, MAX_FINDINGS).map((one) => findingOf(one, stage, run, library));
  return { state: 'failed', findings };
}

function textIn(folder: string): string {
  const names = readdirSync(folder).filter((name) => name.startsWith(`${REPORT}.`));
  return names.map((name) => readFileSync(join(folder, name), 'utf8')).join('\n');
}

function findingOf(
  { what, where, place, text }: SanitizerReport,
  stage: string | null,
  { stderr }: CheckerRun,
  library: string,
): Finding {
  const details = {
    stage,
    stderr,
    report: text.slice(0, KEPT_REPORT),
    ...(place === null ? {} : { place: sourceLine(place, library) }),
  };
  return finding(where === null ? what : `${what} in ${where}`, details);
}

/** Runs a check of group `sanitize`: runs its scenario in the program with the sanitizer's runtime, and reads the reports. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { conclude } from '../conclude.js';
import { type CheckAnswer, type CheckDefinition, finding } from '../definition.js';
import { startScenario } from '../scenario.js';
import { withScratch } from '../scratch.js';
import type { Sanitizer } from '../settings.js';
import { sourceLine } from '../source-lines.js';
import type { Subject } from '../subject.js';
import { reportsIn, type SanitizerReport } from './reports.js';

/** Milliseconds. Everything takes ten times as long. */
const TIMEOUT = 120_000;
const MAX_FINDINGS = 20;
/** The most characters kept of each report. */
const KEPT_REPORT = 8 * 1024;

/** Symbol names that the compiler adds to a library that it builds with the sanitizer. */
const MARKS: Readonly<Record<Sanitizer, string>> = {
  address: '__asan_init',
  undefined: '__ubsan_handle_',
  thread: '__tsan_init',
};
/** The error of ThreadSanitizer if it cannot map its own memory. */
const NO_MEMORY_LAYOUT = /FATAL: ThreadSanitizer: (.*)/;

export function sanitize(check: CheckDefinition, subject: Subject): Promise<CheckAnswer> {
  const sanitizer = subject.settings.sanitize;
  if (sanitizer === undefined)
    return Promise.resolve({ state: 'skipped', reason: 'no sanitizer was requested' });
  if (!readFileSync(subject.path).includes(MARKS[sanitizer])) {
    const reason = `the library was not built with -fsanitize=${sanitizer}`;
    return Promise.resolve({ state: 'incomplete', reason });
  }
  const timeout = subject.settings.timeout ?? TIMEOUT;
  return withScratch(async (folder) => {
    const run = await startScenario(check, subject, folder, { timeout, env: optionsOf(folder) });
    const answer = conclude(run, {}, subject, timeout);
    const fatal = NO_MEMORY_LAYOUT.exec(`${run.stderr}\n${textIn(folder)}`);
    if (fatal !== null) {
      const reason = `ThreadSanitizer cannot run here: ${fatal[1]}. As root: sysctl vm.mmap_rnd_bits=28`;
      return { state: 'incomplete', reason };
    }
    const reports = reportsIn(textIn(folder)).map(findingOf);
    // A runtime may end the process after a report. That is not another finding.
    return reports.length === 0 ? answer : { state: 'failed', findings: reports.slice(0, MAX_FINDINGS) };
  });
}

/** Returns the options of the runtimes. The runtime handles signals, because its reports of bad addresses say more. */
function optionsOf(folder: string): Record<string, string> {
  const common = [`log_path=${join(folder, 'report')}`, 'print_stacktrace=1', 'symbolize=1'];
  const signals = ['segv', 'sigbus', 'sigfpe', 'sigill'].map((name) => `handle_${name}=2`);
  return {
    ASAN_OPTIONS: [...common, ...signals, 'leak_check_at_exit=0', 'detect_leaks=1'].join(':'),
    UBSAN_OPTIONS: [...common, 'halt_on_error=0'].join(':'),
    TSAN_OPTIONS: [...common, ...signals, 'halt_on_error=0'].join(':'),
  };
}

function textIn(folder: string): string {
  const names = readdirSync(folder).filter((name) => name.startsWith('report.'));
  return names.map((name) => readFileSync(join(folder, name), 'utf8')).join('\n');
}

function findingOf({ what, where, place, text }: SanitizerReport) {
  const details = {
    stderr: text.slice(0, KEPT_REPORT),
    ...(place === null ? {} : { place: sourceLine(place) }),
  };
  return finding(where === null ? what : `${what} in ${where}`, details);
}

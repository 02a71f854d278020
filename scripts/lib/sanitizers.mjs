/** Builds with sanitizers, runs the tests with them, and collects what they report. */
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { buildNative } from './native.mjs';
import { StepFailure } from './steps.mjs';
import { tallyLine } from './tally.mjs';
import { runVitest } from './vitest.mjs';

const reportsOf = (out) => join(out, 'reports');

/**
 * The options at run time, for the environment and for the programs that have none. Node frees little at its end, so leaks are
 * not looked for. Signals stay signals: faults that crash on purpose must look to tenon as they always do. Freeing or
 * overrunning memory is found without signals.
 */
export function sanitizerOptions(out) {
  const signals = ['segv', 'abort', 'sigill', 'sigfpe', 'sigbus'].map((name) => `handle_${name}=0`);
  return [
    'detect_leaks=0',
    'abort_on_error=1',
    'halt_on_error=1',
    'print_stacktrace=1',
    'allocator_may_return_null=1',
    ...signals,
    `log_path=${join(reportsOf(out), 'report')}`,
  ].join(':');
}

/** The path is in CMake's cache and in every compiled file: one with a space or a colon would end the options early. */
function requirePlainPath(out) {
  if (/[\s:]/.test(out))
    throw new StepFailure(`The sanitizers cannot take a path with spaces or colons in their options: ${out}`);
}

/** Builds the native parts and their tests with `sanitizers`, as `-fsanitize` takes them. */
export async function buildSanitized(sanitizers, out) {
  requirePlainPath(out);
  const definitions = [`TENON_SANITIZE=${sanitizers}`, `TENON_SANITIZER_OPTIONS=${sanitizerOptions(out)}`];
  await buildNative(['native-tests'], { out, definitions });
}

/**
 * What is no finding, and why. A line that is not of these counts.
 * - Programs that switch stacks, as koffi does, make ASan say that it cannot clear a stack's shadow.
 * - A plugin that asks for more memory than there is gets NULL, as it would without ASan.
 */
const REMARKS = [
  /^==\d+==WARNING: ASan is ignoring requested __asan_handle_no_return: /,
  /^False positive error reports may follow$/,
  /^For details see https:\/\/github\.com\/google\/sanitizers\/issues\/189$/,
  /^==\d+==WARNING: \w+Sanitizer failed to allocate 0x[0-9a-f]+ bytes$/,
];

/** Prints every report. Returns how many there are. */
function printReports(out) {
  let findings = 0;
  for (const name of readdirSync(reportsOf(out))) {
    const text = readFileSync(join(reportsOf(out), name), 'utf8');
    const isRemark = (line) => line.trim() === '' || REMARKS.some((remark) => remark.test(line));
    if (text.split('\n').every(isRemark)) continue;
    findings++;
    console.log(`\n${name}\n${text}`);
  }
  return findings;
}

/**
 * Runs the tests and prints what the sanitizers found.
 *
 * @param {'address' | 'thread'} sanitizer what the tests see as TENON_SANITIZED
 * @param {{out: string, args: readonly string[], env?: NodeJS.ProcessEnv}} options
 * @returns {Promise<number>} the exit code: 0 if the tests passed and no process wrote a report
 */
export async function testSanitized(sanitizer, { out, args, env = {} }) {
  rmSync(reportsOf(out), { recursive: true, force: true });
  mkdirSync(reportsOf(out), { recursive: true });
  const all = { TENON_SANITIZED: sanitizer, TENON_BUILD: out, ...env };
  const tally = await runVitest(sanitizer, { args, env: all });
  const reports = printReports(out);
  console.log(`\n${reports} sanitizer reports\n${tallyLine(tally)}`);
  return tally.failed === 0 && tally.passed > 0 && reports === 0 ? 0 : 1;
}

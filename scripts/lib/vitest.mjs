/** Runs the test suite. */
import { mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { inRoot } from './paths.mjs';
import { run } from './run.mjs';
import { say } from './steps.mjs';
import { afterSecondAttempt, failedFiles, lostTests, outsideOf, tallyOfVitest } from './tally.mjs';

/** The most files that are run again. If there are more, it was not an accident. */
const MOST_AGAIN = 3;

const reportOf = (name) => inRoot('build', 'test-results', `${name}.json`);

/**
 * Runs vitest with its usual output and counts the results.
 *
 * @param {string} name the name of the report in build/test-results
 * @param {{args?: readonly string[], env?: NodeJS.ProcessEnv, node?: string}} [options] `args`: test files or options
 *   of vitest. `env`: additional environment variables. `node`: the Node.js that runs it.
 */
export async function runVitest(name, { args = [], env = {}, node = process.execPath } = {}) {
  const file = reportOf(name);
  mkdirSync(dirname(file), { recursive: true });
  for (const old of [file, outsideOf(file)]) rmSync(old, { force: true });
  const vitest = inRoot('node_modules', 'vitest', 'vitest.mjs');
  const outside = inRoot('scripts', 'lib', 'vitest-reporter.mjs');
  const reporters = ['default', 'json', outside].map((reporter) => `--reporter=${reporter}`);
  const result = await run(
    node,
    [vitest, 'run', '--passWithNoTests', ...reporters, `--outputFile.json=${file}`, ...args],
    {
      env: { ...process.env, ...env },
      echo: true,
    },
  );
  return tallyOfVitest(file, result.ok);
}

/**
 * Runs vitest, and the few files with failed tests once more, one after the other: a test that fails only together with
 * others on a busy machine is reported by its name, but does not fail the whole run. Nothing else is excused: a file
 * that cannot be loaded, a failed hook, an error outside of tests, the end of a worker, or a test that the second
 * attempt does not run. The arguments are those of `runVitest`.
 */
export async function runVitestTwice(name, options) {
  const first = await runVitest(name, options);
  const files = failedFiles(reportOf(name));
  if (first.final.length > 0 || files.length === 0 || files.length > MOST_AGAIN) return first;
  say(`a second attempt of ${files.join(', ')}`);
  const switches = (options.args ?? []).filter((arg) => arg.startsWith('-'));
  const args = [...switches, '--no-file-parallelism', ...files];
  const again = `${name}-again`;
  const second = await runVitest(again, { ...options, args });
  if (second.final.length > 0) return afterSecondAttempt(first, second);
  return afterSecondAttempt(first, second, lostTests(files, reportOf(name), reportOf(again)));
}

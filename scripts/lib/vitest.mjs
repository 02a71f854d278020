/** Runs the test suite. */
import { mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { inRoot } from './paths.mjs';
import { run } from './run.mjs';
import { tallyOfVitest } from './tally.mjs';

/**
 * Runs vitest with its usual output and counts the results.
 *
 * @param {string} name the name of the report in build/test-results
 * @param {{args?: readonly string[], env?: NodeJS.ProcessEnv, node?: string}} [options] `args`: test files or options
 *   of vitest. `env`: additional environment variables. `node`: the Node.js that runs it.
 */
export async function runVitest(name, { args = [], env = {}, node = process.execPath } = {}) {
  const file = inRoot('build', 'test-results', `${name}.json`);
  mkdirSync(dirname(file), { recursive: true });
  rmSync(file, { force: true });
  const vitest = inRoot('node_modules', 'vitest', 'vitest.mjs');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  const result = await run(node, [vitest, 'run', '--passWithNoTests', ...reporters, ...args], {
    env: { ...process.env, ...env },
    echo: true,
  });
  return tallyOfVitest(file, result.ok);
}

/** The steps of a script, each reported in one line, and the report of a failure. */
import { mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { inRoot } from './paths.mjs';
import { outcome, tail } from './run.mjs';

/** A failure that is printed without a stack, because the message says everything. */
export class StepFailure extends Error {
  name = 'StepFailure';
}

/** Prints a line about the progress. */
export const say = (line) => console.log(`tenon: ${line}`);

const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(1)} s`;

/**
 * Runs one step and prints a line when it is done. Prints other lines before if it takes long.
 *
 * @param {string} label
 * @param {() => Promise<unknown>} work if it returns a string ("up to date"), the line contains it
 */
export async function step(label, work) {
  const begin = performance.now();
  const notice = setTimeout(() => say(`${label} ...`), 1500);
  const reminder = setInterval(() => say(`${label} ... ${seconds(begin)}`), 15_000);
  try {
    const result = await work();
    say(`${label}: ${result ?? 'done'} (${seconds(begin)})`);
  } finally {
    clearTimeout(notice);
    clearInterval(reminder);
  }
}

/**
 * Checks that a command succeeded.
 *
 * @throws {StepFailure} with the end of its output if it failed; `build/logs` then has the complete output
 */
export function mustSucceed(result, what, logName) {
  if (result.ok) return;
  const log = inRoot('build', 'logs', `${logName}.log`);
  mkdirSync(inRoot('build', 'logs'), { recursive: true });
  writeFileSync(log, result.output);
  throw new StepFailure(
    `${what} failed (${outcome(result)}). The end of its output:\n\n${tail(result.output)}\n\nThe complete output: ${log}`,
  );
}

/**
 * Runs a script's main function if the script was started and not imported. Its result becomes the exit code.
 *
 * @param {string} url `import.meta.url` of the script
 * @param {() => Promise<number | void | null>} work
 */
export async function main(url, work) {
  if (process.argv[1] === undefined || realpathSync(process.argv[1]) !== realpathSync(fileURLToPath(url)))
    return;
  try {
    process.exitCode = (await work()) ?? 0;
  } catch (error) {
    console.error(error instanceof StepFailure ? `\ntenon: ${error.message}` : error);
    process.exitCode = 1;
  }
}

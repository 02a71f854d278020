/** Steps: what a script does, told one line each, and how a failure is shown. */
import { mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { inRoot } from './paths.mjs';
import { outcome, tail } from './run.mjs';

/** A failure whose message is all that a reader needs: shown without a stack. */
export class StepFailure extends Error {
  name = 'StepFailure';
}

/** Prints a line about the work. */
export const say = (line) => console.log(`tenon: ${line}`);

const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(1)} s`;

/**
 * Does one step and prints a line when it is done, and others before, if it takes long.
 *
 * @param {string} label
 * @param {() => Promise<unknown>} work a string that it returns stands in the line ("up to date")
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
 * Throws for a command that failed, with the end of its output; the whole of it goes to `build/logs`.
 *
 * @throws {StepFailure}
 */
export function mustSucceed(result, what, logName) {
  if (result.ok) return;
  const log = inRoot('build', 'logs', `${logName}.log`);
  mkdirSync(inRoot('build', 'logs'), { recursive: true });
  writeFileSync(log, result.output);
  throw new StepFailure(
    `${what} failed (${outcome(result)}). The end of its output:\n\n${tail(result.output)}\n\nAll of it: ${log}`,
  );
}

/**
 * Runs a script's main function, if the script was started and not imported, and makes its result the exit code.
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

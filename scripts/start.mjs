/** `npm start [-- FOLDER] [options]`: sets up, builds, and runs the main job. `npm start -- --help` lists the options. */
import { readOptions, USAGE, UsageError } from '../examples/main-job/options.mjs';
import { build } from './build.mjs';
import { takeNoInstall } from './lib/options.mjs';
import { inRoot } from './lib/paths.mjs';
import { outcome, runNode } from './lib/run.mjs';
import { main, StepFailure } from './lib/steps.mjs';

/** Returns the message for an invalid command line or for --help, before anything is built. */
function refuseWrongUsage(args) {
  try {
    return readOptions(args).help ? { text: USAGE, code: 0 } : undefined;
  } catch (error) {
    if (error instanceof UsageError) return { text: `${error.message}\n\n${USAGE}`, code: 2 };
    throw error;
  }
}

await main(import.meta.url, async () => {
  const { args, install } = takeNoInstall(process.argv.slice(2));
  const usage = refuseWrongUsage(args);
  if (usage !== undefined) {
    (usage.code === 0 ? console.log : console.error)(usage.text);
    return usage.code;
  }
  await build({ install });
  const result = await runNode([inRoot('examples', 'main-job', 'main.mjs'), ...args], { echo: true });
  if (result.signal !== null) throw new StepFailure(`The main job did not finish: ${outcome(result)}.`);
  return result.code;
});

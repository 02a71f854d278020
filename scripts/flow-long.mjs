/**
 * `npm run flow:long [-- --events N]`: moves N events (default: 100 million) from a file through `lines` to `blackhole`,
 * in the process tier, with acknowledgements and checkpoints. Prints the rate and the memory of this host and of the
 * plugins' processes. Fails if one of them grows by more than 20 MB from its warm state to the end, or if an event is
 * lost.
 */
import { parseArgs } from 'node:util';
import { build } from './build.mjs';
import { inRoot } from './lib/paths.mjs';
import { runNode } from './lib/run.mjs';
import { main, StepFailure, say } from './lib/steps.mjs';

function eventsOf(args) {
  const { values } = parseArgs({ args, options: { events: { type: 'string', default: '100000000' } } });
  const events = Number(values.events);
  if (Number.isSafeInteger(events) && events >= 10_000_000) return events;
  throw new StepFailure(`--events must be a whole number of at least 10000000, not '${values.events}'.`);
}

await main(import.meta.url, async () => {
  const events = eventsOf(process.argv.slice(2));
  if (process.platform !== 'linux') {
    say('nothing to do: the memory of processes is read from /proc, which needs Linux');
    return 0;
  }
  await build();
  const { code } = await runNode(['--expose-gc', inRoot('test', 'soak', 'flow.mjs'), String(events)], {
    echo: true,
  });
  return code ?? 1;
});

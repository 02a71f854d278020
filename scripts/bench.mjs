/** `npm run bench [-- options]`: builds the contenders and runs the benchmark. bench/main.mjs gets the options. */
import { build } from './build.mjs';
import { buildContenders } from './lib/contenders.mjs';
import { provideFlowPeers } from './lib/flow-peers.mjs';
import { provideNatsServer } from './lib/nats.mjs';
import { inRoot } from './lib/paths.mjs';
import { runNode } from './lib/run.mjs';
import { main, step } from './lib/steps.mjs';

await main(import.meta.url, async () => {
  const { cargo } = await build({ bench: true });
  await buildContenders(cargo);
  await provideFlowPeers();
  await step('nats-server', provideNatsServer);
  const result = await runNode(['--expose-gc', inRoot('bench', 'main.mjs'), ...process.argv.slice(2)], {
    echo: true,
  });
  return result.code ?? 1;
});

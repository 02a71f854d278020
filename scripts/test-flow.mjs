/**
 * `npm run test:flow [-- --interleavings N]`: tries random histories of the ledger and of wakes against their models, a
 * million unless N is given.
 */
import { parseArgs } from 'node:util';
import { main, say } from './lib/steps.mjs';
import { tallyLine } from './lib/tally.mjs';
import { runVitest } from './lib/vitest.mjs';
import { setUp } from './setup.mjs';

await main(import.meta.url, async () => {
  const { values } = parseArgs({ options: { interleavings: { type: 'string' } } });
  const interleavings = values.interleavings ?? '1000000';
  await setUp({ uses: ['build'] });
  say(`${interleavings} random interleavings`);
  const tally = await runVitest('flow', {
    args: ['test/flow/ledger-model.test.ts', 'test/flow/wakes.test.ts', '--test-timeout=3600000'],
    env: { TENON_INTERLEAVINGS: interleavings },
  });
  console.log(tallyLine(tally));
  return tally.failed === 0 && tally.passed > 0 ? 0 : 1;
});

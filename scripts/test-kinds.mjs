/**
 * `npm run test:kinds [-- --kinds N --seed S]`: tries random kinds, 10 000 unless N is given. Their generated C and C++
 * is compiled in batches and round-trips messages against the TypeScript side, under AddressSanitizer and UBSan. Prints
 * the seed, with which a run can be repeated.
 */
import { parseArgs } from 'node:util';
import { main, say } from './lib/steps.mjs';
import { tallyLine } from './lib/tally.mjs';
import { runVitest } from './lib/vitest.mjs';
import { setUp } from './setup.mjs';

await main(import.meta.url, async () => {
  const { values } = parseArgs({ options: { kinds: { type: 'string' }, seed: { type: 'string' } } });
  const kinds = values.kinds ?? '10000';
  const seed = values.seed ?? String(Date.now() % 1_000_000);
  await setUp({ uses: ['build'] });
  say(`${kinds} random kinds with --seed ${seed}`);
  const tally = await runVitest('kinds', {
    args: ['test/kinds/generate/c.test.ts'],
    env: { TENON_RANDOM_KINDS: kinds, TENON_RANDOM_SEED: seed },
  });
  console.log(tallyLine(tally));
  return tally.failed === 0 && tally.passed > 0 ? 0 : 1;
});

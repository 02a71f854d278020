/**
 * `npm run build:platforms [-- --platform NAME…] [--twice] [--jobs N]`: compiles the native files for all platforms, and
 * packs them and the main package into build/packages. `--platform`: only these. `--twice`: compiles each a second time
 * from a copy of the sources in another folder, and compares every byte.
 */
import { parseArgs } from 'node:util';
import { checkPlatform, compilePlatform } from './lib/compiled.mjs';
import { compareAgain } from './lib/compiled-again.mjs';
import { packMain, packPlatform } from './lib/packed.mjs';
import { inRoot } from './lib/paths.mjs';
import { PLATFORMS } from './lib/platforms.mjs';
import { main, StepFailure, step } from './lib/steps.mjs';
import { compileTypeScript } from './lib/typescript.mjs';
import { findZig } from './lib/zig.mjs';
import { setUp } from './setup.mjs';

function choose(names) {
  if (names === undefined) return PLATFORMS;
  const unknown = names.find((name) => !PLATFORMS.some((platform) => platform.name === name));
  if (unknown !== undefined)
    throw new StepFailure(
      `There is no platform ${unknown}, only ${PLATFORMS.map(({ name }) => name).join(', ')}.`,
    );
  return PLATFORMS.filter(({ name }) => names.includes(name));
}

/**
 * Compiles, checks and packs.
 *
 * @param {{platforms?: string[], twice?: boolean, jobs?: number}} [options]
 */
export async function buildPlatforms({ platforms, twice = false, jobs } = {}) {
  const chosen = choose(platforms);
  await setUp({ uses: ['build'] });
  await step('TypeScript', compileTypeScript);
  let zig;
  await step('zig', async () => {
    zig = await findZig();
  });
  for (const platform of chosen) {
    await step(platform.name, async () => {
      const out = inRoot('build', 'compiled', platform.name);
      const folder = await compilePlatform(platform, { zig, out, jobs });
      await checkPlatform(platform, folder);
      if (twice) await compareAgain(platform, { zig, folder, jobs });
      return packPlatform(platform, folder);
    });
  }
  await step('main package', packMain);
}

await main(import.meta.url, async () => {
  const options = {
    platform: { type: 'string', multiple: true },
    twice: { type: 'boolean' },
    jobs: { type: 'string' },
  };
  const { values } = parseArgs({ options });
  const jobs = values.jobs === undefined ? undefined : Number(values.jobs);
  if (jobs !== undefined && !(jobs >= 1))
    throw new StepFailure(`--jobs ${values.jobs}: must be a number from 1.`);
  await buildPlatforms({ platforms: values.platform, twice: values.twice, jobs });
});

/**
 * `npm run test:install [-- SCENARIO…]`: installs the packages of `npm run build:platforms` from a registry on loopback,
 * with only Node.js and npm in the PATH and without install scripts, and uses them. Then breaks installations in the
 * ways that happen, and reads what tenon says.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeBareBin, Project } from './lib/install-project.mjs';
import { SCENARIOS } from './lib/install-scenarios.mjs';
import { installTools, startRegistry } from './lib/registry.mjs';
import { main, StepFailure, say, step } from './lib/steps.mjs';

function choose(names) {
  const unknown = names.find((name) => !Object.hasOwn(SCENARIOS, name));
  if (unknown !== undefined)
    throw new StepFailure(`There is no scenario ${unknown}, only ${Object.keys(SCENARIOS).join(', ')}.`);
  return names.length === 0 ? Object.keys(SCENARIOS) : names;
}

async function tryScenario(name, folder, place) {
  try {
    await step(name, () => SCENARIOS[name](new Project(folder, place), place));
    return true;
  } catch (error) {
    say(`${name}: FAILED: ${error.message}`);
    return false;
  }
}

await main(import.meta.url, async () => {
  const names = choose(process.argv.slice(2));
  await step('registry and package managers', installTools);
  const folder = mkdtempSync(join(tmpdir(), 'tenon-install-'));
  const { url, published, stop } = await startRegistry(join(folder, 'registry'));
  try {
    say(`published: ${published.join(', ')}`);
    const place = {
      registry: url,
      bin: makeBareBin(join(folder, 'bin')),
      cache: join(folder, 'cache'),
      published,
    };
    const results = [];
    for (const name of names) results.push(await tryScenario(name, join(folder, name), place));
    const passed = results.filter((ok) => ok).length;
    say(`installations: ${passed} passed, ${results.length - passed} failed`);
    return passed === results.length ? 0 : 1;
  } finally {
    stop();
    rmSync(folder, { recursive: true, force: true });
  }
});

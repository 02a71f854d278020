/** Sets up a checkout: the tools of the system and the npm packages. The other scripts run this first. */
import { readFileSync } from 'node:fs';
import { installPackages } from './lib/packages.mjs';
import { inRoot } from './lib/paths.mjs';
import { provideTools } from './lib/provide.mjs';
import { main, StepFailure, step } from './lib/steps.mjs';

function requireNode() {
  const needed = /\d+\.\d+\.\d+/.exec(
    JSON.parse(readFileSync(inRoot('package.json'), 'utf8')).engines.node,
  )[0];
  const [major, minor] = process.versions.node.split('.').map(Number);
  const [neededMajor, neededMinor] = needed.split('.').map(Number);
  if (major > neededMajor || (major === neededMajor && minor >= neededMinor)) return;
  throw new StepFailure(
    `This is Node.js ${process.versions.node}, but tenon needs ${needed} or newer. Get it from https://nodejs.org.`,
  );
}

/** @typedef {{uses?: readonly import('./lib/tool-table.mjs').Use[], install?: boolean}} SetUpOptions */

/**
 * Sets up the checkout.
 *
 * @param {SetUpOptions} [options] the uses of the tools, and whether they may be installed
 * @returns {Promise<import('./lib/missing.mjs').MissingTool[]>} the missing tools, none of which the build needs
 * @throws {StepFailure} with the missing tools if the build needs one of them
 */
export async function setUp({ uses = ['build', 'rust'], install = false } = {}) {
  requireNode();
  // Before npm ci, so that a missing compiler is reported within a second.
  const missing = await provideTools(uses, { install });
  await step('npm packages', installPackages);
  return missing;
}

await main(import.meta.url, async () => {
  await setUp();
});

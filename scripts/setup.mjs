/** Sets a checkout up: the tools of the system and the npm packages. Other scripts start with this. */
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
    `This is Node ${process.versions.node}; tenon needs ${needed} or newer. Get it from https://nodejs.org.`,
  );
}

/** @typedef {{uses?: readonly import('./lib/tool-table.mjs').Use[], install?: boolean}} SetUpOptions */

/**
 * @param {SetUpOptions} [options] what tools are needed for, and whether they may be installed
 * @returns {Promise<import('./lib/missing.mjs').MissingTool[]>} the tools that are missing, none of which the build needs
 * @throws {StepFailure} that says what is missing
 */
export async function setUp({ uses = ['build', 'rust'], install = false } = {}) {
  requireNode();
  // Before npm ci, so that a missing compiler is told in the first second.
  const missing = await provideTools(uses, { install });
  await step('npm packages', installPackages);
  return missing;
}

await main(import.meta.url, async () => {
  await setUp();
});

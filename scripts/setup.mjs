/** Sets a checkout up: refuses what cannot work, and installs the npm packages. Other scripts start with this. */
import { readFileSync } from 'node:fs';
import { installPackages } from './lib/packages.mjs';
import { inRoot } from './lib/paths.mjs';
import { main, StepFailure, step } from './lib/steps.mjs';
import { requireNativeTools } from './lib/tools.mjs';

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

/** @throws {StepFailure} that says what is missing */
export async function setUp() {
  requireNode();
  // Before npm ci, so that a missing compiler is told in the first second.
  requireNativeTools();
  await step('npm packages', installPackages);
}

await main(import.meta.url, setUp);

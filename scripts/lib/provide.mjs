/** Sees to it that the tools of the system are there: installs what may be installed, and names the rest. */
import { findMissing, howToGet, listOf } from './missing.mjs';
import { isStamped, stamp } from './stamps.mjs';
import { StepFailure, say, step } from './steps.mjs';
import { aptInstall, aptUpdate, asRoot, choosePackagesHere, findManager } from './system-packages.mjs';
import { findCommand } from './tools.mjs';

/** With this nothing may be skipped because a tool is missing: CI sets it. */
export const toolsAreRequired = process.env.TENON_REQUIRE_TOOLS === '1';

const STAMP = 'system-packages';
const attemptOf = (missing) =>
  JSON.stringify([new Date().toISOString().slice(0, 10), missing.map(({ name }) => name)]);

/** What was tried in vain is not tried again on the same day, unless nothing works without it. */
const wasTried = (missing, fileOf) =>
  !toolsAreRequired &&
  !missing.some(({ use }) => use === 'build') &&
  isStamped(STAMP, attemptOf(missing), fileOf);

async function installPackages(prefix, tools) {
  const { names } = await choosePackagesHere(tools, 'apt');
  if (names.length === 0) return 'apt has none of them';
  say(`installing with apt-get: ${names.join(' ')}`);
  const { ok, output } = await aptInstall(prefix, names);
  const end = output.trimEnd().split('\n').slice(-8);
  return ok ? 'installed' : ['not installed. apt-get said:', ...end].join('\n    ');
}

/** Whether it was tried. What the system does not have or does not allow is left to the messages. */
async function installWithApt(missing, fileOf) {
  const prefix = await asRoot(findCommand);
  const wanted = missing.filter(({ command }) => command === undefined);
  if (prefix === undefined || wanted.length === 0 || wasTried(missing, fileOf)) return false;
  await step("apt's lists of packages", async () =>
    (await aptUpdate(prefix)).ok ? 'updated' : 'not updated',
  );
  // Apart, so that a browser that cannot be installed does not keep a compiler away.
  const isEssential = ({ use }) => use === 'build' || use === 'rust';
  for (const [label, tools] of [
    ['system packages of the build', wanted.filter(isEssential)],
    ['system packages of the checks', wanted.filter((tool) => !isEssential(tool))],
  ])
    if (tools.length > 0) await step(label, () => installPackages(prefix, tools));
  return true;
}

function sayWhatIsMissing(missing) {
  say(`missing on this machine, and what is left out without it:`);
  for (const line of listOf(missing)) console.log(line);
}

/** @throws {StepFailure} if nothing works without one of these, or if all are required */
async function refuse(missing) {
  const fatal = toolsAreRequired ? missing : missing.filter(({ use }) => use === 'build');
  if (fatal.length === 0) return;
  const why = toolsAreRequired ? 'TENON_REQUIRE_TOOLS=1 asks for all tools' : 'The build needs them';
  throw new StepFailure(
    [
      `Tools are missing on this machine. ${why}:`,
      ...listOf(fatal),
      'Install them, then run the same command again:',
      ...(await howToGet(fatal)),
    ].join('\n'),
  );
}

/**
 * Finds out what is missing and, on Debian and Ubuntu, installs it, as root or with a sudo that asks for no password.
 *
 * @param {readonly import('./tool-table.mjs').Use[]} uses
 * @param {{install?: boolean, fileOf?: (name: string) => string}} [options] without `install` it only names what is missing;
 *   `fileOf` says where it remembers what was tried in vain
 * @returns {Promise<import('./missing.mjs').MissingTool[]>} what is missing still
 * @throws {StepFailure} if that is something that nothing works without
 */
export async function provideTools(uses, { install = false, fileOf } = {}) {
  const missing = await findMissing(uses);
  if (missing.length === 0) return missing;
  sayWhatIsMissing(missing);
  const tried = install && findManager(findCommand) === 'apt' && (await installWithApt(missing, fileOf));
  const still = tried ? await findMissing(uses) : missing;
  if (still.length === 0) return still;
  await refuse(still);
  if (tried) {
    stamp(STAMP, attemptOf(still), fileOf);
    sayWhatIsMissing(still);
  }
  for (const line of ['To get it:', ...(await howToGet(still))]) console.log(line);
  return still;
}

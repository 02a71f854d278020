/** Provides the tools of the system: installs those that may be installed, and reports the others. */
import { findMissing, howToGet, listOf } from './missing.mjs';
import { isStamped, stamp } from './stamps.mjs';
import { StepFailure, say, step } from './steps.mjs';
import { aptInstall, aptUpdate, asRoot, choosePackagesHere, findManager } from './system-packages.mjs';
import { findCommand } from './tools.mjs';

/** Whether a missing tool is a failure and not a reason to skip something. CI sets the variable. */
export const toolsAreRequired = process.env.TENON_REQUIRE_TOOLS === '1';

const STAMP = 'system-packages';
const attemptOf = (missing) =>
  JSON.stringify([new Date().toISOString().slice(0, 10), missing.map(({ name }) => name)]);

/** Returns whether an installation failed today. It is not tried again that day, unless the build needs the tools. */
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

/** Installs tools with apt. Returns whether it tried. The messages report what the system lacks or does not allow. */
async function installWithApt(missing, fileOf) {
  const prefix = await asRoot(findCommand);
  const wanted = missing.filter(({ command }) => command === undefined);
  if (prefix === undefined || wanted.length === 0 || wasTried(missing, fileOf)) return false;
  await step("apt's lists of packages", async () =>
    (await aptUpdate(prefix)).ok ? 'updated' : 'not updated',
  );
  // Separate installations, so that a browser that cannot be installed does not prevent a compiler.
  const isEssential = ({ use }) => use === 'build' || use === 'rust';
  for (const [label, tools] of [
    ['system packages of the build', wanted.filter(isEssential)],
    ['system packages of the checks', wanted.filter((tool) => !isEssential(tool))],
  ])
    if (tools.length > 0) await step(label, () => installPackages(prefix, tools));
  return true;
}

function sayWhatIsMissing(missing) {
  say(`missing tools, and the parts that are skipped without them:`);
  for (const line of listOf(missing)) console.log(line);
}

/** @throws {StepFailure} if the build needs one of the missing tools, or if all tools are required */
async function refuse(missing) {
  const fatal = toolsAreRequired ? missing : missing.filter(({ use }) => use === 'build');
  if (fatal.length === 0) return;
  const why = toolsAreRequired ? 'TENON_REQUIRE_TOOLS=1 requires all tools' : 'The build needs them';
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
 * Finds the missing tools. On Debian and Ubuntu, it installs them as root, or with a sudo that needs no password.
 *
 * @param {readonly import('./tool-table.mjs').Use[]} uses
 * @param {{install?: boolean, fileOf?: (name: string) => string}} [options] `install`: whether it may install.
 *   `fileOf`: returns the path of the file that records failed installations.
 * @returns {Promise<import('./missing.mjs').MissingTool[]>} the tools that are still missing
 * @throws {StepFailure} if the build needs one of them, or if all tools are required
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
  for (const line of ['To install them:', ...(await howToGet(still))]) console.log(line);
  return still;
}

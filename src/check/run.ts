/** Runs the suite on files: selects and orders the checks, runs them in parallel, and builds the verdict. */

import { ABI_VERSION } from '../base/abi.js';
import { invalidArgument } from '../base/errors.js';
import { checkStrings } from '../base/options.js';
import { packageVersion } from '../base/package.js';
import { checkFile } from './file-run.js';
import { Lanes } from './lanes.js';
import { libraryFiles } from './library-files.js';
import { selectChecks } from './registry.js';
import { type CheckOptions, settingsOf } from './settings.js';
import { addTallies } from './tally.js';
import { type FileVerdict, VERDICT_SCHEMA, type Verdict } from './verdict.js';

/**
 * Checks library files, and the libraries in folders. Anything that a plugin does is a result, never an exception.
 * The first check of an installation builds the program that runs the checks. `onBuild` is called before that.
 * @throws TenonError ERR_TENON_INVALID_ARGUMENT, ERR_TENON_NOT_FOUND or ERR_TENON_UNREADABLE for folders, and
 * ERR_TENON_UNSUPPORTED on systems other than Linux, or if the checker program cannot be built
 */
export async function check(paths: readonly string[], options: CheckOptions = {}): Promise<Verdict> {
  if (checkStrings('files', paths).length === 0)
    throw invalidArgument('files', 'must be an array of at least one path');
  const settings = settingsOf(options);
  const checks = selectChecks(settings);
  const { files } = await libraryFiles(paths);
  const began = performance.now();
  const date = new Date().toISOString();
  const lanes = new Lanes(settings.jobs);
  const verdicts: FileVerdict[] = [];
  // The checks of one file share the lanes. Files run one after another, so that they do not distort each other's times.
  for (const file of files) verdicts.push(await checkFile(file, checks, settings, lanes));
  return {
    schema: VERDICT_SCHEMA,
    suite: packageVersion(),
    abi: ABI_VERSION,
    date,
    level: settings.level,
    filter: settings.filter,
    seed: settings.seed,
    platform: { os: process.platform, arch: process.arch, node: process.versions.node },
    outcome: outcomeOf(verdicts),
    failOn: settings.failOn,
    files: verdicts,
    tally: addTallies(verdicts.map(({ tally }) => tally)),
    ms: performance.now() - began,
  };
}

/** Returns the outcome of the run. Findings outweigh incomplete checks, because they are certain. */
function outcomeOf(files: readonly FileVerdict[]): Verdict['outcome'] {
  if (files.some(({ outcome }) => outcome === 'findings' || outcome === 'not-a-plugin')) return 'findings';
  return files.some(({ outcome }) => outcome === 'incomplete') ? 'incomplete' : 'clean';
}

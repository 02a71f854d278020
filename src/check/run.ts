/** Runs the suite over files: which checks, in which order, how many at a time, and what it all comes to. */

import { ABI_VERSION } from '../base/abi.js';
import { invalidArgument } from '../base/errors.js';
import { packageVersion } from '../base/package.js';
import { checkFile } from './file-run.js';
import { Lanes } from './lanes.js';
import { libraryFiles } from './library-files.js';
import { selectChecks } from './registry.js';
import { type CheckOptions, settingsOf } from './settings.js';
import { addTallies } from './tally.js';
import { type FileVerdict, VERDICT_SCHEMA, type Verdict } from './verdict.js';

/**
 * Checks library files, and those in folders. Everything that a plugin does is a result and never an exception. The
 * first check of an installation builds the program that runs the checks; `onBuild` is called before that.
 * @throws TenonError ERR_TENON_INVALID_ARGUMENT; ERR_TENON_NOT_FOUND or ERR_TENON_UNREADABLE for folders;
 * ERR_TENON_UNSUPPORTED without a checker program: on systems other than Linux, or if it cannot be built
 */
export async function check(paths: readonly string[], options: CheckOptions = {}): Promise<Verdict> {
  if (
    !Array.isArray(paths) ||
    paths.length === 0 ||
    paths.some((path) => typeof path !== 'string' || path === '')
  )
    throw invalidArgument('files', 'must be an array of at least one path');
  const settings = settingsOf(options);
  const checks = selectChecks(settings);
  const { files } = await libraryFiles(paths);
  const began = performance.now();
  const date = new Date().toISOString();
  const lanes = new Lanes(settings.jobs);
  const verdicts: FileVerdict[] = [];
  // One after the other: the checks of one file share the lanes, and their times are not spoilt by another file's.
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

/** Findings weigh more than what is missing: they are certain. */
function outcomeOf(files: readonly FileVerdict[]): Verdict['outcome'] {
  if (files.some(({ outcome }) => outcome === 'findings' || outcome === 'not-a-plugin')) return 'findings';
  return files.some(({ outcome }) => outcome === 'incomplete') ? 'incomplete' : 'clean';
}

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
 * Checks library files, and those in folders. Whatever a plugin does in there is a result, never an exception.
 * @throws TenonError ERR_TENON_INVALID_ARGUMENT; ERR_TENON_NOT_FOUND, ERR_TENON_UNREADABLE for folders; ERR_TENON_UNSUPPORTED where
 * there is no checker program (elsewhere than on Linux)
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

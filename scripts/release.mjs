/**
 * `npm run release -- --dry-run | --publish`: checks that the packages of a release are complete and belong together,
 * and publishes them: those of the platforms first, so that the main package never depends on one that is missing.
 * With `--dry-run` nothing is sent, and npm says what it would send. `--publish` needs an account of the registry.
 */
import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { archiveOf, readArchive } from './lib/packed.mjs';
import { inRoot } from './lib/paths.mjs';
import { PLATFORMS, packageOf } from './lib/platforms.mjs';
import { problemsOfRelease } from './lib/release.mjs';
import { run, runNpm } from './lib/run.mjs';
import { main, mustSucceed, StepFailure, say, step } from './lib/steps.mjs';
import { findCommand } from './lib/tools.mjs';

/** Returns the archives in the order in which they are published. */
function archives(version) {
  const files = [...PLATFORMS.map(packageOf), 'tenon'].map((name) => archiveOf({ name, version }));
  const missing = files.filter((file) => !existsSync(file)).map((file) => basename(file));
  if (missing.length > 0)
    throw new StepFailure(`These are not packed: ${missing.join(', ')}. Run npm run build:platforms.`);
  return files;
}

/** Returns why the sources cannot be released, as sentences. */
async function problemsOfSources(version) {
  const problems = [];
  const changes = readFileSync(inRoot('CHANGELOG.md'), 'utf8');
  if (!changes.includes(`\n## ${version}`))
    problems.push(`CHANGELOG.md has no heading ## ${version}, but only what is unreleased.`);
  const git = findCommand(['git']);
  if (git === undefined || !existsSync(inRoot('.git'))) return [...problems, 'This is not a git repository.'];
  const { output: changed } = await run(git, ['status', '--porcelain']);
  if (changed !== '') problems.push('The working tree has changes that are not committed.');
  const { output: tags } = await run(git, ['tag', '--points-at', 'HEAD']);
  if (!tags.split('\n').includes(`v${version}`)) problems.push(`The commit has no tag v${version}.`);
  return problems;
}

await main(import.meta.url, async () => {
  const options = { 'dry-run': { type: 'boolean' }, publish: { type: 'boolean' } };
  const { values } = parseArgs({ options });
  const dry = values['dry-run'] === true;
  if (dry === (values.publish === true))
    throw new StepFailure('Say what to do: npm run release -- --dry-run, or -- --publish.');
  const { version } = JSON.parse(readFileSync(inRoot('package.json'), 'utf8'));
  const files = archives(version);
  const packages = [];
  for (const file of files) packages.push(await readArchive(file));
  const problems = [...problemsOfRelease(packages, version), ...(await problemsOfSources(version))];
  for (const problem of problems) say(problem);
  if (problems.length > 0 && !dry) throw new StepFailure('Nothing was published.');
  for (const file of files)
    await step(basename(file), async () => {
      const args = ['publish', file, '--access', 'public', ...(dry ? ['--dry-run'] : [])];
      mustSucceed(await runNpm(args), `npm ${args.join(' ')}`, 'npm-publish');
      return dry ? 'would be published' : 'published';
    });
  return problems.length === 0 ? 0 : 1;
});

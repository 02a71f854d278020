/** Installations that work, and installations that are broken, with what tenon must say. */
import assert from 'node:assert/strict';
import {
  chmodSync,
  cpSync,
  existsSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { basename, delimiter, dirname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './paths.mjs';
import { PLATFORMS, packageOf } from './platforms.mjs';
import { MANAGERS } from './registry.mjs';
import { outcome, tail } from './run.mjs';
import { findCommand } from './tools.mjs';

/** The package of this machine. */
export const HERE = (() => {
  const { header } = process.report.getReport();
  const libc = process.platform !== 'linux' || header.glibcVersionRuntime !== undefined ? 'glibc' : 'musl';
  return PLATFORMS.find(
    (one) => one.os === process.platform && one.cpu === process.arch && (one.libc ?? libc) === libc,
  );
})();
const NAME = packageOf(HERE);

function succeeded(result, what) {
  assert.ok(result.ok, `${what}: ${outcome(result)}\n${tail(result.output)}`);
  return result.output;
}

/** Everything that works where the compiled files are installed. */
const COMPLETE = {
  addon: true,
  addonProblem: null,
  events: true,
  runner: true,
  runnerProblem: null,
  isolation: ['inline', 'thread', 'process'],
  transports: ['shared-memory', 'pipe'],
  answers: { inline: 'hello', thread: 'hello', process: 'hello' },
  errors: {},
  message: '1',
  check: 'clean',
};

async function works(project, runner) {
  assert.deepEqual(await project.exercise(runner), COMPLETE);
}

const installed = (project) => join(project.folder, 'node_modules', ...NAME.split('/'));

async function installWithNpm(project, ...options) {
  succeeded(await project.npm('install', 'tenon', ...options), 'npm install');
}

/** Runs the command with npx, and compares its end. */
async function commandWorks(project) {
  const plugin = join(project.folder, 'echo.so');
  const checked = await project.run(join(project.env.PATH, 'npx'), [
    'tenon',
    'check',
    plugin,
    '--filter',
    'abi/load',
  ]);
  assert.match(succeeded(checked, 'npx tenon check'), /1 check passed|1 passed|clean/i);
  const shown = await project.run(join(project.env.PATH, 'npx'), ['tenon', 'inspect', plugin]);
  assert.match(succeeded(shown, 'npx tenon inspect'), /echo/);
}

async function withNpm(project) {
  await installWithNpm(project);
  await works(project);
  await commandWorks(project);
  const { output } = await project.run('/usr/bin/du', ['-sk', 'node_modules']);
  return `node_modules has ${Number.parseInt(output, 10)} kB`;
}

async function withPnpm(project) {
  const options = ['add', 'tenon', '--ignore-scripts', `--store-dir=${join(project.folder, 'store')}`];
  succeeded(await project.node(MANAGERS.pnpm, ...options), 'pnpm add');
  await works(project);
}

async function withYarn(project, linker) {
  writeFileSync(join(project.folder, '.yarnrc.yml'), `nodeLinker: ${linker}\n`);
  writeFileSync(join(project.folder, 'yarn.lock'), '');
  succeeded(await project.node(MANAGERS.yarn, 'add', 'tenon'), 'yarn add');
  const runner = linker === 'pnp' ? [process.execPath, MANAGERS.yarn, 'node'] : undefined;
  await works(project, runner);
}

/** A lock file that npm has made on another machine has the packages of all platforms. */
async function foreignLock(project, { published }) {
  const lacking = PLATFORMS.map(packageOf).filter((name) => !published.includes(name));
  if (lacking.length > 0) return `SKIPPED, because ${lacking.join(', ')} are not built`;
  const other = ['--os=darwin', '--cpu=arm64', '--package-lock-only'];
  await installWithNpm(project, ...other);
  succeeded(await project.npm('ci'), 'npm ci');
  await works(project);
}

/** npm up to version 11.2 wrote lock files without the packages of other platforms, if node_modules existed. */
async function poorLock(project) {
  await installWithNpm(project);
  const file = join(project.folder, 'package-lock.json');
  const lock = JSON.parse(readFileSync(file, 'utf8'));
  delete lock.packages[`node_modules/${NAME}`];
  writeFileSync(file, JSON.stringify(lock));
  rmSync(join(project.folder, 'node_modules'), { recursive: true });
  const result = await project.npm('ci');
  if (result.ok && existsSync(installed(project))) return 'npm still installs the package';
  if (!result.ok) {
    assert.match(result.output, /Missing: @tenon/);
    return 'npm ci refuses the lock file';
  }
  assert.match((await project.exercise()).addonProblem, missing());
  return 'tenon says what is missing';
}

const quoted = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
/** The sentence about a package that is not installed. */
const missing = (more = '') =>
  new RegExp(
    `^The package ${NAME}, which has tenon\\.node for this platform, is not installed\\. Perhaps .*${more}.*Install it: npm install --no-save ${NAME}@`,
  );

/** koffi has optional packages too, so nothing can be loaded. */
async function omitted(project) {
  await installWithNpm(project, '--omit=optional');
  const seen = await project.exercise();
  assert.match(seen.addonProblem, missing('--omit=optional'));
  assert.equal(seen.addon, false);
  assert.match(seen.errors.inline, /omit=optional/);
  succeeded(await project.npm('install', '--include=optional'), 'npm install --include=optional');
  await works(project);
}

async function removed(project) {
  await installWithNpm(project);
  rmSync(installed(project), { recursive: true });
  const seen = await project.exercise();
  assert.match(seen.addonProblem, missing());
  assert.match(seen.runnerProblem, /which has tenon-runner for this platform, is not installed/);
  assert.match(seen.errors.process, /which has tenon-runner for this platform, is not installed/);
  assert.match(
    seen.errors.check,
    /cmake cannot be run.*which has tenon-checker for this platform, is not installed/s,
  );
  assert.equal(seen.answers.inline, 'hello');
}

/** node_modules was copied from a machine with another processor. */
async function copied(project) {
  await installWithNpm(project);
  const other = NAME.replace(HERE.cpu, HERE.cpu === 'x64' ? 'arm64' : 'x64');
  renameSync(installed(project), join(project.folder, 'node_modules', ...other.split('/')));
  assert.match((await project.exercise()).addonProblem, missing(`${quoted(other)} is installed instead`));
}

async function damaged(project) {
  await installWithNpm(project);
  truncateSync(join(installed(project), 'tenon.node'), 5000);
  const runner = join(installed(project), 'tenon-runner');
  const bytes = readFileSync(runner);
  bytes[bytes.length - 1] ^= 1;
  writeFileSync(runner, bytes);
  const seen = await project.exercise();
  const sentence = (name, difference) =>
    new RegExp(`${name} ${difference}, so the package ${NAME} is damaged or was changed\\. Install it again`);
  assert.match(seen.addonProblem, sentence('tenon.node', 'has 5000 bytes, expected \\d+'));
  const other = sentence('tenon-runner', 'has the SHA-256 \\w+, expected \\w+');
  assert.match(seen.runnerProblem, other);
  assert.match(seen.errors.process, other);
}

async function incomplete(project) {
  await installWithNpm(project);
  rmSync(join(installed(project), 'tenon-runner'));
  const seen = await project.exercise();
  assert.equal(seen.addon, true);
  assert.match(seen.runnerProblem, new RegExp(`^tenon-runner is missing from .*${NAME} is damaged`));
}

async function permissionLost(project) {
  await installWithNpm(project);
  for (const name of ['tenon-runner', 'tenon-checker']) chmodSync(join(installed(project), name), 0o644);
  const seen = await project.exercise();
  const sentence = (name) =>
    new RegExp(`${name} has no permission to be executed.*Run: chmod \\+x '[^']*${name}'`);
  assert.match(seen.runnerProblem, sentence('tenon-runner'));
  assert.match(seen.errors.process, sentence('tenon-runner'));
  assert.match(seen.errors.check, sentence('tenon-checker'));
  const command = /chmod \+x '([^']*)'/;
  for (const text of [seen.runnerProblem, seen.errors.check]) chmodSync(command.exec(text)[1], 0o755);
  await works(project);
}

/** Somebody else's package under the name, and one of another version. Nothing of them is loaded. */
async function otherPackage(project) {
  await installWithNpm(project);
  const file = join(installed(project), 'package.json');
  const manifest = JSON.parse(readFileSync(file, 'utf8'));
  for (const [stated, sentence] of [
    [{ version: '0.0.1' }, /has the version 0\.0\.1, but tenon has/],
    [{ name: 'impostor' }, /has the package impostor, expected/],
  ]) {
    writeFileSync(file, JSON.stringify({ ...manifest, ...stated }));
    const { addon, addonProblem, runnerProblem } = await project.exercise();
    assert.equal(addon, false);
    for (const text of [addonProblem, runnerProblem]) assert.match(text, sentence);
  }
}

/** Copies the sources of this checkout into a folder whose name needs care, without anything that is built. */
function copySources(project) {
  const folder = join(project.folder, 'sources é 100%', 'tenon');
  const built = /^(node_modules|dist|build(-.*)?|target|\.git)$/;
  cpSync(root, folder, { recursive: true, filter: (path) => path === root || !built.test(basename(path)) });
  return folder;
}

/** Checks a tenon whose JavaScript was compiled from its sources, but not its native files. */
async function worksFromSources(project, problem) {
  const seen = await project.exercise();
  assert.match(seen.addonProblem, problem);
  assert.match(seen.runnerProblem, problem);
  assert.equal(seen.answers.inline, 'hello');
}

/** npm clones the repository, installs what compiles it, and packs it. Packages of platforms are not published yet. */
async function fromRepository(project) {
  const git = findCommand(['git']);
  if (git === undefined) return 'SKIPPED, because git is missing';
  const sources = copySources(project);
  const options = ['-c', 'user.name=tenon', '-c', 'user.email=tenon@localhost'];
  for (const args of [
    ['init', '--quiet'],
    ['add', '.'],
    [...options, 'commit', '--quiet', '-m', 'sources'],
  ])
    succeeded(await project.run(git, ['-C', sources, ...args]), `git ${args.join(' ')}`);
  const url = `git+${pathToFileURL(sources)}`;
  const env = { PATH: [project.env.PATH, dirname(git)].join(delimiter), npm_config_ignore_scripts: 'false' };
  const npm = join(project.env.PATH, 'npm');
  succeeded(await project.run(npm, ['install', url], env), `npm install ${url}`);
  await worksFromSources(project, /was installed from its sources.* npx tenon build/);
  succeeded(await buildFromSource(project), 'tenon build');
  const { addonProblem, answers } = await project.exercise();
  assert.deepEqual({ addonProblem, process: answers.process }, { addonProblem: null, process: 'hello' });
}

/** npm links the folder, and installs there what compiles it. */
async function fromFolder(project) {
  const sources = copySources(project);
  const npm = join(project.env.PATH, 'npm');
  const options = ['install', '--install-links=false', relative(project.folder, sources)];
  succeeded(await project.run(npm, options, { npm_config_ignore_scripts: 'false' }), 'npm install FOLDER');
  await worksFromSources(project, /npm run build --prefix '.*tenon'/);
}

const buildFromSource = (project, ...options) =>
  project.run(process.execPath, ['node_modules/tenon/dist/cli/main.js', 'build', ...options], {
    PATH: process.env.PATH,
  });

/** Builds from source, with the compilers of this machine. */
async function built(project) {
  await installWithNpm(project);
  rmSync(installed(project), { recursive: true });
  for (const options of [[], ['--checker']])
    succeeded(await buildFromSource(project, ...options), 'tenon build');
  await works(project);
}

/** @type {Readonly<Record<string, (project: import('./install-project.mjs').Project) => Promise<unknown>>>} */
export const SCENARIOS = {
  npm: withNpm,
  pnpm: withPnpm,
  'yarn-node-modules': (project) => withYarn(project, 'node-modules'),
  'yarn-pnp': (project) => withYarn(project, 'pnp'),
  'lock-file-of-another-platform': foreignLock,
  'lock-file-without-the-package': poorLock,
  'optional-dependencies-omitted': omitted,
  'package-missing': removed,
  'package-of-another-platform': copied,
  'files-damaged': damaged,
  'file-missing': incomplete,
  'permission-to-execute-lost': permissionLost,
  'another-package': otherPackage,
  'from-a-repository': fromRepository,
  'from-a-folder': fromFolder,
  'built-from-source': built,
};

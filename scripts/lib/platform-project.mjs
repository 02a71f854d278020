/** Projects with tenon installed for another platform, from the archives of `npm run build:platforms`. */
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { archiveOf } from './packed.mjs';
import { inRoot } from './paths.mjs';
import { packageOf } from './platforms.mjs';
import { run, runNpm } from './run.mjs';
import { mustSucceed } from './steps.mjs';

const readVersion = () => JSON.parse(readFileSync(inRoot('package.json'), 'utf8')).version;

/** Returns the archives that a platform needs and that are not packed. */
export function missingArchives(platform) {
  const version = readVersion();
  return ['tenon', packageOf(platform)]
    .map((name) => archiveOf({ name, version }))
    .filter((file) => !existsSync(file));
}

async function unpack(archive, folder) {
  mkdirSync(folder, { recursive: true });
  const unpacked = await run('tar', ['-xzf', archive, '--strip-components=1', '-C', folder]);
  mustSucceed(unpacked, `Unpacking ${archive}`, 'tar');
}

/** Installs what tenon depends on, as npm does on the platform. koffi has a package for each, too. */
async function installDependencies(folder, { os, cpu, libc }) {
  const { dependencies } = JSON.parse(readFileSync(inRoot('package.json'), 'utf8'));
  const lock = JSON.parse(readFileSync(inRoot('package-lock.json'), 'utf8')).packages;
  const pinned = Object.keys(dependencies).map((name) => [name, lock[`node_modules/${name}`].version]);
  const manifest = {
    name: 'a-project',
    private: true,
    type: 'module',
    dependencies: Object.fromEntries(pinned),
  };
  const file = join(folder, 'package.json');
  const text = JSON.stringify(manifest);
  const done = join(folder, 'node_modules', '.package-lock.json');
  if (existsSync(done) && existsSync(file) && readFileSync(file, 'utf8') === text) return;
  rmSync(join(folder, 'node_modules'), { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, text);
  const target = [`--os=${os}`, `--cpu=${cpu}`, ...(libc === undefined ? [] : [`--libc=${libc}`])];
  const options = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock', ...target];
  mustSucceed(await runNpm(options, { cwd: folder }), `npm ${options.join(' ')}`, 'platform-install');
}

/**
 * Makes the project, with the trial program.
 *
 * @param {import('./platforms.mjs').Platform} platform
 * @param {string} folder
 */
export async function makeProject(platform, folder) {
  await installDependencies(folder, platform);
  const version = readVersion();
  const modules = join(folder, 'node_modules');
  for (const name of ['tenon', packageOf(platform)]) {
    const place = join(modules, ...name.split('/'));
    rmSync(place, { recursive: true, force: true });
    await unpack(archiveOf({ name, version }), place);
  }
  cpSync(inRoot('scripts', 'lib', 'platform-trial.mjs'), join(folder, 'trial.mjs'));
}

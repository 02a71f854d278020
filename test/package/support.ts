/** Packs the package like npm, once for each test file, and creates projects with the package installed. */
import { execFileSync, type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, temporaryFolder } from '../support/index.js';

export interface Packed {
  /** The paths of the files in the package. */
  readonly files: readonly string[];
  readonly archive: string;
}

/** Packs a source folder. With `--ignore-scripts` it packs the current build, which is the one under test. */
export function pack(source: string, target: string, options: readonly string[] = []): Packed {
  mkdirSync(target, { recursive: true });
  const output = execFileSync('npm', ['pack', '--json', '--pack-destination', target, ...options], {
    cwd: source,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const packed: unknown = JSON.parse(output);
  const [first] = Array.isArray(packed) ? packed : Object.values(packed as object);
  const { filename, files } = first as { filename: string; files: { path: string }[] };
  return { files: files.map(({ path }) => path), archive: join(target, filename) };
}

export const packBuilt = (name: string): Packed =>
  pack(root, join(root, 'build', 'package', name), ['--ignore-scripts']);

/**
 * Creates a project whose node_modules contain the packed tenon without its native parts, and links to all
 * other packages of this checkout.
 */
export function projectWith(archive: string): string {
  const folder = temporaryFolder();
  const modules = join(folder, 'node_modules');
  mkdirSync(join(modules, 'tenon'), { recursive: true });
  execFileSync('tar', ['-xzf', archive, '--strip-components=1', '-C', join(modules, 'tenon')]);
  for (const name of readdirSync(join(root, 'node_modules'))) {
    if (!name.startsWith('.') && name !== 'tenon')
      symlinkSync(join(root, 'node_modules', name), join(modules, name));
  }
  writeFileSync(join(folder, 'package.json'), '{ "name": "a-project", "private": true }\n');
  return folder;
}

/**
 * Runs Node.js like a user of the package, without the variables that select the native files of this
 * checkout.
 */
export function node(cwd: string, ...args: string[]): SpawnSyncReturns<string> {
  const {
    TENON_ADDON: _addon,
    TENON_RUNNER: _runner,
    TENON_CHECKER: _checker,
    TENON_NO_ADDON: _none,
    NODE_OPTIONS: _options,
    ...env
  } = process.env;
  return spawnSync(process.execPath, args, { cwd, env, encoding: 'utf8' });
}

/** Builds the Rust plugins and copies them into the folders of the C plugins. */
import { copyFileSync, mkdirSync, readFileSync, renameSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { inRoot, librarySuffix } from './paths.mjs';
import { run } from './run.mjs';
import { mustSucceed } from './steps.mjs';

const MANIFEST = inRoot('plugins-rust', 'Cargo.toml');
const TARGET = inRoot('plugins-rust', 'target');

/** The folders of the build tree with the example plugins in Rust. */
export const RUST_PLUGINS = ['plugins', 'plugins/flow'];

/** Runs cargo in the workspace of the plugins, or in that of another manifest. */
export function runCargo(cargo, [command, ...args], { manifest = MANIFEST, ...options } = {}) {
  const all = [command, '--manifest-path', manifest, ...args];
  return run(cargo.command, all, { env: { ...cargo.env, CARGO_TARGET_DIR: TARGET }, ...options });
}

/**
 * Reads the list of libraries that the workspace builds. `package`: its package. `file`: the file that cargo
 * writes. `out` and `name`: the folder and the name of its copy. `profile`: its build profile; default: `release`.
 */
const readArtifacts = () => JSON.parse(readFileSync(inRoot('plugins-rust', 'artifacts.json'), 'utf8'));

/** Returns the file name that cargo gives a cdylib on this platform. */
const cargoFile = (file) =>
  (process.platform === 'win32' ? file.replace(/^lib/, '') : file).replace(/\.(so|dylib|dll)$/, '') +
  librarySuffix;

/**
 * Copies a file, unless the copy already has its size and time. Returns whether it was copied. The copy replaces the
 * old file atomically, because a running process may have mapped the old one.
 */
export function copyIfChanged(from, to) {
  const source = statSync(from);
  const copy = statSync(to, { throwIfNoEntry: false });
  if (copy?.size === source.size && Math.abs(copy.mtimeMs - source.mtimeMs) < 1) return false;
  const fresh = `${to}.${process.pid}`;
  copyFileSync(from, fresh);
  utimesSync(fresh, source.atime, source.mtime);
  renameSync(fresh, to);
  return true;
}

/** Copies the libraries of the given kinds (RUST_PLUGINS, `faults`, `trips`) into the build tree. */
export function copyRustLibraries(kinds, build = inRoot('build')) {
  const artifacts = readArtifacts().filter(({ out }) => kinds.includes(out));
  for (const { file, out, name, profile = 'release' } of artifacts) {
    mkdirSync(join(build, out), { recursive: true });
    const target = name.replace(/\.(so|dylib|dll)$/, '') + librarySuffix;
    copyIfChanged(join(TARGET, profile, cargoFile(file)), join(build, out, target));
  }
}

/**
 * Builds the packages of the given kinds (RUST_PLUGINS, `faults`, `trips`), and copies their libraries into the build
 * tree.
 *
 * @param {{command: string, env: NodeJS.ProcessEnv}} cargo
 * @param {readonly string[]} kinds
 */
export async function buildRust(cargo, kinds) {
  const artifacts = readArtifacts().filter(({ out }) => kinds.includes(out));
  const profiles = new Set(artifacts.map(({ profile = 'release' }) => profile));
  for (const one of profiles) {
    const built = artifacts.filter(({ profile = 'release' }) => profile === one);
    const names = new Set(built.map((artifact) => artifact.package));
    const chosen = [...names].flatMap((name) => ['--package', name]);
    const result = await runCargo(cargo, ['build', '--profile', one, '--locked', ...chosen]);
    mustSucceed(result, 'Building the Rust plugins (cargo build)', 'cargo-build');
  }
  copyRustLibraries(kinds);
}

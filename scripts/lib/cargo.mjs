/** Finds cargo. The Rust plugins are the only part of the build that may be skipped. */
import { readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { run } from './run.mjs';
import { RUST } from './tool-table.mjs';
import { findCommand, findTool } from './tools.mjs';

function isOlder(found, needed) {
  const [a, b] = [found, needed].map((version) => version.split('.').map(Number));
  for (let i = 0; i < b.length; i++) {
    if ((a[i] ?? 0) !== b[i]) return (a[i] ?? 0) < b[i];
  }
  return false;
}

/** Returns the folders of the newer Rust versions that Ubuntu installs next to its default one. */
function ubuntuFolders(library = '/usr/lib') {
  try {
    const names = readdirSync(library).filter((name) => /^rust-\d+\.\d+$/.test(name));
    return names.map((name) => join(library, name, 'bin')).reverse();
  } catch {
    return [];
  }
}

/** @returns {Promise<{version?: string, problem?: string}>} the version, or the reason that the command is unusable */
async function versionOf(command, env) {
  const { ok, output } = await run(command, ['--version'], { env });
  const version = /cargo (\d+\.\d+\.\d+)/.exec(output)?.[1];
  if (!ok || version === undefined) return { problem: `${command} does not work: ${output.trim()}` };
  return isOlder(version, RUST)
    ? { problem: `${command} is cargo ${version}, which is too old: the plugins need ${RUST}` }
    : { version };
}

/**
 * Finds a cargo that can build the Rust plugins: in the PATH, in the folder of rustup, or in those of Ubuntu.
 *
 * @param {string} [path]
 * @param {readonly string[]} [others] further folders
 * @returns {Promise<{command: string, env: NodeJS.ProcessEnv} | {missing: string}>} `env`: an environment whose
 *   PATH begins with the folder of cargo. `missing`: the reason that no cargo was found.
 */
export async function findCargo(path = process.env.PATH ?? '', others = ubuntuFolders()) {
  const home = join(process.env.CARGO_HOME ?? join(homedir(), '.cargo'), 'bin');
  let missing = 'there is no cargo';
  for (const folders of [path, home, ...others]) {
    const command = findTool('cargo', folders);
    if (command === undefined) continue;
    const env = { ...process.env, PATH: folders === path ? path : [dirname(command), path].join(delimiter) };
    // The libraries are copied from the output folder of the default target.
    delete env.CARGO_BUILD_TARGET;
    const { problem } = await versionOf(command, env);
    if (problem === undefined) return { command, env };
    missing = problem;
  }
  return { missing };
}

/** Returns whether a tool of cargo that is a separate package is installed: `fmt` or `clippy`. */
export async function hasCargoTool(cargo, tool) {
  const { ok } = await run(cargo.command, [tool, '--version'], { env: cargo.env });
  return ok;
}

/** Returns the rustup command that installs one of these tools, or undefined if rustup did not install cargo. */
export function rustupCommand(cargo, tool) {
  const rustup = findCommand(['rustup'], dirname(cargo.command));
  return rustup === undefined ? undefined : `rustup component add ${tool === 'fmt' ? 'rustfmt' : tool}`;
}

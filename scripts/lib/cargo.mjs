/** Finds cargo. Rust is the one part of the build that may be left out. */
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { inRoot } from './paths.mjs';
import { run } from './run.mjs';
import { findTool } from './tools.mjs';

/** The oldest Rust that the workspace states, as `1.85`, or undefined. */
function neededVersion() {
  const manifest = readFileSync(inRoot('plugins-rust', 'Cargo.toml'), 'utf8');
  return /^rust-version\s*=\s*"([\d.]+)"/m.exec(manifest)?.[1];
}

function isOlder(found, needed) {
  const [a, b] = [found, needed].map((version) => version.split('.').map(Number));
  for (let i = 0; i < b.length; i++) {
    if ((a[i] ?? 0) !== b[i]) return (a[i] ?? 0) < b[i];
  }
  return false;
}

const HOW_TO_GET_IT = 'Get Rust from https://rustup.rs, or the Debian package cargo where it is new enough.';

/**
 * Finds a cargo that can build the Rust plugins: in the PATH, or where rustup puts it.
 *
 * @returns {Promise<{command: string, env: NodeJS.ProcessEnv} | {missing: string}>} `missing` says why, and what to do
 */
export async function findCargo(path = process.env.PATH ?? '') {
  const home = join(process.env.CARGO_HOME ?? join(homedir(), '.cargo'), 'bin');
  const searched = [path, home].join(delimiter);
  const command = findTool('cargo', searched);
  if (command === undefined) return { missing: `cargo is not on this machine. ${HOW_TO_GET_IT}` };
  const env = { ...process.env, PATH: searched };
  // The copies are taken from the folder of the host's own target.
  delete env.CARGO_BUILD_TARGET;
  const { ok, output } = await run(command, ['--version'], { env });
  const found = /cargo (\d+\.\d+\.\d+)/.exec(output)?.[1];
  if (!ok || found === undefined)
    return { missing: `${command} does not work: ${output.trim()}. ${HOW_TO_GET_IT}` };
  const needed = neededVersion();
  if (needed !== undefined && isOlder(found, needed)) {
    return { missing: `cargo ${found} is too old, the plugins need ${needed}. ${HOW_TO_GET_IT}` };
  }
  return { command, env };
}

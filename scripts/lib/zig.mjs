/**
 * zig as a C and C++ compiler for every platform. It comes from PyPI, in a virtual environment below build, with the
 * headers and libraries of all systems.
 */
import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inRoot } from './paths.mjs';
import { run } from './run.mjs';
import { mustSucceed, StepFailure } from './steps.mjs';
import { findCommand } from './tools.mjs';

/** The version is fixed, because another one makes other bytes. */
const ZIG = '0.17.1';
const VENV = inRoot('build', `zig-${ZIG}`);

/** Returns the program in the virtual environment, or undefined. */
function zigIn(venv) {
  const lib = join(venv, 'lib');
  const pythons = existsSync(lib) ? readdirSync(lib).filter((name) => name.startsWith('python')) : [];
  return pythons
    .map((python) => join(lib, python, 'site-packages', 'ziglang', 'zig'))
    .find((file) => existsSync(file));
}

/** Installs zig if necessary. Returns the path of the program. */
export async function findZig() {
  const found = zigIn(VENV);
  if (found !== undefined) return found;
  const python = findCommand(['python3']);
  if (python === undefined)
    throw new StepFailure(
      'zig comes from PyPI, which needs Python 3. Install it (Debian: apt-get install python3-venv).',
    );
  mustSucceed(await run(python, ['-m', 'venv', VENV]), `python3 -m venv ${VENV}`, 'zig-venv');
  const pip = join(VENV, 'bin', 'pip');
  const install = ['install', '--quiet', '--only-binary=:all:', `ziglang==${ZIG}`];
  mustSucceed(await run(pip, install), `pip install ziglang==${ZIG}`, 'zig-pip');
  const installed = zigIn(VENV);
  if (installed === undefined) throw new StepFailure(`pip has installed no zig in ${VENV}.`);
  return installed;
}

/** The name that CMake has for each system. */
const SYSTEMS = { linux: 'Linux', win32: 'Windows', darwin: 'Darwin' };

/** Quotes a path for a shell. */
const quoted = (path) => `'${path.replaceAll("'", `'\\''`)}'`;

/** CMake takes only programs without arguments for some of the tools. */
function writeTool(folder, name, zig, args) {
  const file = join(folder, name);
  writeFileSync(file, `#!/bin/sh\nexec ${quoted(zig)} ${args} "$@"\n`);
  chmodSync(file, 0o755);
  return file;
}

/**
 * Writes a toolchain file for CMake.
 *
 * @param {string} zig
 * @param {import('./platforms.mjs').Platform} platform
 * @param {string} folder where the file and its tools are written
 * @returns {string} the path of the file
 */
export function writeToolchain(zig, platform, folder) {
  mkdirSync(folder, { recursive: true });
  // zig compiles the C++ library once for each level of optimization. CMake's own trials would have another one.
  const options = `-target ${platform.target} -O3`;
  const tools = {
    C_COMPILER: writeTool(folder, 'cc', zig, `cc ${options}`),
    CXX_COMPILER: writeTool(folder, 'c++', zig, `c++ ${options}`),
    AR: writeTool(folder, 'ar', zig, 'ar'),
    RANLIB: writeTool(folder, 'ranlib', zig, 'ranlib'),
    RC_COMPILER: writeTool(folder, 'rc', zig, 'rc'),
  };
  const lines = [
    `set(CMAKE_SYSTEM_NAME ${SYSTEMS[platform.os]})`,
    `set(CMAKE_SYSTEM_PROCESSOR ${platform.target.split('-', 1)[0]})`,
    ...Object.entries(tools).map(([name, file]) => `set(CMAKE_${name} "${file}")`),
    // Nothing of this machine is to be found.
    'set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY NEVER)',
    'set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE NEVER)',
  ];
  const file = join(folder, 'toolchain.cmake');
  writeFileSync(file, `${lines.join('\n')}\n`);
  return file;
}

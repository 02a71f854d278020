/**
 * Builds the C and C++ parts: the addon, the runner, the C plugins, the fault plugins and the contenders of the
 * benchmark.
 */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { inRoot, root } from './paths.mjs';
import { run } from './run.mjs';
import { digest, isStamped, stamp, unstamp } from './stamps.mjs';
import { mustSucceed } from './steps.mjs';
import { findCommand, findTool } from './tools.mjs';

/** The build tree of all builds except the sanitized ones. */
export const BUILD = inRoot('build');

/** Warnings are errors in a checkout. In the published package, which `tenon build` builds, they must not be. */
const CHECKOUT = ['TENON_WERROR=ON'];

/** Deletes a CMake cache that was made in another folder. CMake refuses such a cache in a moved or copied checkout. */
function discardCache(out) {
  for (const name of ['CMakeCache.txt', 'CMakeFiles'])
    rmSync(join(out, name), { recursive: true, force: true });
}

const hasCache = (out) => {
  try {
    return readFileSync(join(out, 'CMakeCache.txt'), 'utf8').includes(
      `CMAKE_HOME_DIRECTORY:INTERNAL=${root}\n`,
    );
  } catch {
    return false;
  }
};

/** Returns the option for Ninja, which is faster, if it is installed. Otherwise CMake chooses. */
const generator = () =>
  process.env.CMAKE_GENERATOR === undefined && findCommand(['ninja']) !== undefined ? ['-G', 'Ninja'] : [];

/** Configures the build tree. Afterwards CMake itself watches its own files. */
async function configure(out, definitions) {
  const { CC, CXX, CFLAGS, CXXFLAGS, LDFLAGS, CMAKE_GENERATOR } = process.env;
  const surroundings = { CC, CXX, CFLAGS, CXXFLAGS, LDFLAGS, CMAKE_GENERATOR };
  // The top-level file checks which parts exist. CMake does not notice when one is added.
  const parts = ['native', 'plugins-c', 'bench/native'].filter((part) =>
    existsSync(inRoot(part, 'CMakeLists.txt')),
  );
  const given = [
    ...generator(),
    '-DCMAKE_BUILD_TYPE=Release',
    `-DTENON_NODE=${process.execPath}`,
    ...definitions.map((definition) => `-D${definition}`),
  ];
  const inputs = digest([inRoot('package-lock.json')], out, given, surroundings, parts);
  const name = 'stamps/cmake';
  const fileOf = () => join(out, name);
  if (isStamped(name, inputs, fileOf) && hasCache(out)) return;
  unstamp(name, fileOf);
  discardCache(out);
  mustSucceed(
    await run(findTool('cmake'), ['-S', root, '-B', out, ...given]),
    'Configuring the native parts (cmake)',
    'cmake-configure',
  );
  stamp(name, inputs, fileOf);
}

/** Builds the targets, or the default ones if there are none. @throws {StepFailure} if the build fails */
async function build(out, targets) {
  const chosen = targets.length === 0 ? [] : ['--target', ...targets];
  const args = [
    '--build',
    out,
    '--config',
    'Release',
    '--parallel',
    String(availableParallelism()),
    ...chosen,
  ];
  const what = targets.length === 0 ? 'the native parts' : targets.join(' and ');
  mustSucceed(await run(findTool('cmake'), args), `Building ${what} (cmake --build)`, 'cmake-build');
}

/**
 * Configures and builds.
 *
 * @param {readonly string[]} targets the targets besides the default ones: `faults`, `bench-native`
 * @param {{out?: string, definitions?: readonly string[]}} [options] `definitions`: `NAME=value` each, for CMake
 */
export async function buildNative(targets = [], { out = BUILD, definitions = [] } = {}) {
  await configure(out, [...CHECKOUT, ...definitions]);
  await build(out, []);
  if (targets.length > 0) await build(out, targets);
}
